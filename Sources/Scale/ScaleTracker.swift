import Glibc
public import Quantities

/// The scale of one camera and model: what observations have taught, and what may be said about it.
///
/// The best source that is alive drives the filter: range points before images moved by odometry, before the
/// pose network, before the camera's height. The others are second opinions: they are compared and never mixed
/// in. A pure state machine: every time comes from its caller.
public struct ScaleTracker: Equatable, Sendable {
  /// What became of an observation.
  public enum Verdict: Equatable, Sendable {
    /// Its own gate, or slip, kept it out.
    case rejected(ScaleGateReason)
    /// Taken into the filter, or by it refused.
    case filtered(ScaleFilter.Verdict)
    /// A better source drives; this one was compared with the estimate.
    case compared
    /// The robot stands: nothing is learned from the same picture twice.
    case standing
    /// Sources contradict each other: the scale stays as it is.
    case frozen
  }

  public let prior: ScalePrior
  public private(set) var settings: ScaleSettings
  public private(set) var filter: ScaleFilter
  public private(set) var slip: SlipDetector
  public internal(set) var state = ScaleEstimate.State.unscaled
  /// What the estimate rests on.
  public private(set) var sources: ScaleSources = .model
  /// Since the last accepted observation, metres.
  public private(set) var travelledMeters = 0.0
  public private(set) var isStanding = false
  var opinions: [SourceOpinion]
  var agreements: [SourceAgreement]
  /// How the camera sits by images and odometry, beside its configured height.
  public private(set) var height = HeightOpinion()
  /// ln(scale) as consumers see it: follows the filter no faster than the slew limit while metric.
  var publishedLogScale: Double
  /// Whether the estimate has been good enough once since it was last forgotten.
  var isTrusted = false
  private(set) var now: MonotonicTime?
  private(set) var hasOdometry = false
  /// When an observation last confirmed the value; a restored one has a time of before the start.
  private(set) var confirmed: MonotonicTime?
  private(set) var holdReference: MonotonicTime?
  private var standingSince: MonotonicTime?

  public init(prior: ScalePrior, settings: ScaleSettings) {
    self.prior = prior
    self.settings = settings
    filter = ScaleFilter(prior: prior, settings: settings.filter, blockSeconds: settings.lock.blockSeconds)
    slip = SlipDetector(settings: settings.slip)
    publishedLogScale = prior.logScale
    opinions = ScaleObservation.Source.allCases.map { _ in SourceOpinion() }
    agreements = ScaleObservation.Source.allCases.map { _ in SourceAgreement() }
  }

  /// Follows other constants from now on; what has been learned stays.
  public mutating func use(_ settings: ScaleSettings) {
    self.settings = settings
    filter.use(settings.filter, blockSeconds: settings.lock.blockSeconds)
    slip.settings = settings.slip
  }

  /// What consumers are told now.
  public var estimate: ScaleEstimate {
    let wait = filter.logScale - publishedLogScale
    let doubt = openDifference / 2
    return ScaleEstimate(
      value: exp(publishedLogScale),
      logSigma: (filter.singleFrameVariance + wait * wait + doubt * doubt).squareRoot(),
      state: state, sources: sources, confirmed: confirmed)
  }

  /// Goes on to the time of one frame. Call before this frame's observations are taken.
  public mutating func advance(_ motion: ScaleMotion) {
    let seconds = now.map { min(1, max(0, Double(motion.time - $0) * 1e-9)) } ?? 0
    now = motion.time
    hasOdometry = motion.speedMetersPerSecond != nil
    // Without odometry the camera is taken to walk.
    travelledMeters += abs(motion.speedMetersPerSecond ?? 1) * seconds
    noteStanding(motion)
    slip.look(motion)
    forgetSilentSources(at: motion.time)
    updateState(at: motion.time)
    publish(after: seconds)
  }

  /// Takes one observation in.
  public mutating func take(_ observation: ScaleObservation) -> Verdict {
    var observation = observation
    if observation.gate == .passed, !observation.logScale.isFinite || !(observation.variance >= 0) {
      observation.gate = .rejected(.notFinite)
    }
    if observation.gate == .passed, observation.source.restsOnWheels,
      let seconds = slip.blockedSeconds(at: observation.time)
    {
      observation.gate = .rejected(.slip(remainingSeconds: seconds))
    }
    if isStanding, case .passed = observation.gate { return .standing }
    let source = observation.source
    opinions[source.place].hear(observation, settings: settings.conflict)
    if case .rejected(let reason) = observation.gate { return .rejected(reason) }
    let drives = self.drives(source, at: observation.time)
    compare(source, at: observation.time)
    defer { updateState(at: observation.time) }
    guard drives else { return .compared }
    if state == .conflict { return .frozen }
    return feed(observation)
  }

  /// Takes one look at the camera's height in: a check of height and odometry, no observation of scale.
  public mutating func take(_ observation: HeightObservation) {
    var observation = observation
    if case .passed = observation.gate, let seconds = slip.blockedSeconds(at: observation.time) {
      observation.gate = .rejected(.slip(remainingSeconds: seconds))
    }
    height.hear(observation, settings: settings.conflict)
    updateState(at: observation.time)
  }

  private mutating func feed(_ observation: ScaleObservation) -> Verdict {
    let (y, sigma) = filter.innovation(
      of: observation.logScale, variance: observation.variance + observation.sharedVariance)
    if observation.source.restsOnWheels {
      slip.hear(innovationSigmas: y / sigma, at: observation.time)
    }
    let verdict = filter.take(
      observation.logScale, variance: observation.variance, shared: observation.sharedVariance,
      at: observation.time, travelledMeters: travelledMeters)
    switch verdict {
    case .accepted:
      travelledMeters = 0
      confirmed = observation.time
      holdReference = observation.time
      sources = sources.subtracting(observation.source.weakerWords).union(observation.source.word)
    case .restarted:
      isTrusted = false
      sources = .model
    case .outlier: break
    }
    return .filtered(verdict)
  }

  /// Whether this source is the best one alive.
  func drives(_ source: ScaleObservation.Source, at time: MonotonicTime) -> Bool {
    let isBest = !ScaleObservation.Source.allCases.contains { other in
      other.rank > source.rank
        && opinions[other.place].isAlive(at: time, within: settings.conflict.forgetSeconds)
    }
    // A weaker source never takes over what a better one has learned.
    return isBest && sources.isDisjoint(with: source.betterWords)
  }

  private mutating func compare(_ source: ScaleObservation.Source, at time: MonotonicTime) {
    let opinion = opinions[source.place]
    agreements[source.place].compare(
      difference: opinion.logScale - filter.logScale,
      sigma: (filter.variance + filter.frameVariance / 5 + opinion.logSigma * opinion.logSigma).squareRoot(),
      at: time, settings: settings.conflict)
  }

  private mutating func forgetSilentSources(at time: MonotonicTime) {
    for place in opinions.indices
    where !opinions[place].isAlive(at: time, within: settings.lock.holdAfterSeconds) {
      agreements[place].forget()
    }
    height.forgetSilence(at: time, after: settings.lock.holdAfterSeconds)
  }

  private mutating func noteStanding(_ motion: ScaleMotion) {
    let isSlow = motion.speedMetersPerSecond.map { abs($0) < settings.slip.standingSpeed } ?? false
    let isStill = motion.staticShare.map { $0 >= settings.slip.staticShare } ?? true
    standingSince = isSlow && isStill ? standingSince ?? motion.time : nil
    isStanding =
      standingSince.map { Double(motion.time - $0) * 1e-9 >= settings.slip.standingSeconds } ?? false
  }
}

// MARK: what a person or a file says

extension ScaleTracker {
  /// A value from elsewhere is metres from now on: set by a person, or restored from a file.
  /// - Parameters:
  ///   - confirmed: when it was last confirmed, possibly before the start; nil when never.
  public mutating func adopt(
    _ prior: ScalePrior, sources: ScaleSources, confirmed: MonotonicTime?, at time: MonotonicTime
  ) {
    filter.adopt(
      logScale: prior.logScale, variance: prior.logSigma * prior.logSigma,
      coveredSeconds: settings.lock.afterSeconds)
    publishedLogScale = prior.logScale
    self.sources = sources
    self.confirmed = confirmed
    holdReference = time
    travelledMeters = 0
    isTrusted = true
    for place in agreements.indices { agreements[place].forget() }
    updateState(at: time)
  }

  /// Forgets everything learned.
  public mutating func reset() {
    self = ScaleTracker(prior: prior, settings: settings)
  }
}
