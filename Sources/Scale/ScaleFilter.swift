import Glibc
public import Quantities

/// A scalar Kalman filter on x = ln(metres per network unit), driven by distance travelled.
///
/// The error of a network's scale is alike in neighbouring frames. An observation therefore counts as one of a
/// row with correlation rho = exp(-dt / tau): its variance is `white + frame^2 (1 + rho) / (1 - rho)`, without
/// which the filter would believe itself far too much. Both parts are learned from the observations themselves
/// (`FrameScatter`). Outliers are gated, large innovations weigh less (Huber 1964).
public struct ScaleFilter: Equatable, Sendable {
  public enum Verdict: Equatable, Sendable {
    /// Taken in, with its Huber weight.
    case accepted(weight: Double)
    /// Too far off, in standard deviations.
    case outlier(sigmas: Double)
    /// The last of so many agreeing outliers that the filter started anew.
    case restarted
  }

  /// x, and its variance.
  public private(set) var logScale: Double
  public private(set) var variance: Double
  public private(set) var acceptedCount: UInt64 = 0
  public private(set) var rejectedCount: UInt64 = 0
  /// Times the filter started anew because observations contradicted it for long.
  public private(set) var restartCount: UInt64 = 0
  /// Capture time of the last accepted observation.
  public private(set) var lastAccepted: MonotonicTime?
  /// Seconds of motion covered by accepted observations since the start or restart.
  public private(set) var coveredSeconds = 0.0
  private var blocks: EstimateBlocks
  private var outliers: OutlierRun
  private var opening = OpeningLooks()
  private var scatter = FrameScatter()
  private let prior: ScalePrior
  /// The part of 1 / variance that no observation of this drive has given.
  private var priorInformation: Double
  /// Variance at the start or restart.
  private var startVariance: Double
  public private(set) var settings: ScaleSettings.Filter

  /// A pause longer than this between two observations is not covered by them, seconds: about as long as the network's
  /// scale stays alike.
  private static let coveredPause = 2.0
  /// Observations closer in time than this are of the same frame, seconds.
  private static let leastInterval = 0.02
  /// Travel between two observations counts up to here: nobody looked at the rest, metres.
  private static let largestTravel = 5.0

  public init(prior: ScalePrior, settings: ScaleSettings.Filter, blockSeconds: Double) {
    self.prior = prior
    self.settings = settings
    logScale = prior.logScale
    let sigma = max(prior.logSigma, settings.leastInitialSigma)
    startVariance = sigma * sigma
    variance = startVariance
    priorInformation = 1 / variance
    blocks = EstimateBlocks(seconds: blockSeconds)
    outliers = OutlierRun(capacity: max(1, settings.restartCount))
  }

  /// Follows other constants from now on.
  public mutating func use(_ settings: ScaleSettings.Filter, blockSeconds: Double) {
    if settings.restartCount != self.settings.restartCount {
      outliers = OutlierRun(capacity: max(1, settings.restartCount))
    }
    self.settings = settings
    blocks.blockSeconds = blockSeconds
  }

  public var logSigma: Double { variance.squareRoot() }

  /// How many there are, 0 to 1, of the observations that let the first guess be left out.
  public var openingShare: Double { opening.share }

  /// Spread of the estimate over the last blocks; nil before the third.
  public var blockSpread: Double? { blocks.spread }

  /// Variance of the network's own scale from frame to frame, as seen so far.
  public var frameVariance: Double { scatter.frameVariance(expected: settings.frameSigma) }

  /// Variance of a single frame's scale around the estimate: by the model of filter and network, and at least what
  /// observations have shown. A drive that is shorter than a few scenes does not show the model how far scenes differ.
  public var singleFrameVariance: Double {
    max(variance + frameVariance, scatter.squaredDistance(expected: settings.frameSigma))
  }

  /// Innovation and its standard deviation, were this observed now.
  public func innovation(of logScale: Double, variance white: Double) -> (value: Double, sigma: Double) {
    let spread =
      variance + white + frameVariance + scatter.measuringVariance(expected: settings.frameSigma)
    return (logScale - self.logScale, spread.squareRoot())
  }

  /// Takes one observation that passed its gates.
  /// - Parameters:
  ///   - logScale: z.
  ///   - white: its variance without the part that neighbouring frames share.
  ///   - shared: of an error that observations like this one have in common: what is known does not become better
  ///     than that by them.
  ///   - travelledMeters: since the last accepted observation.
  public mutating func take(
    _ logScale: Double, variance white: Double, shared: Double = 0, at time: MonotonicTime,
    travelledMeters: Double
  ) -> Verdict {
    let look = OpeningLooks.Look(
      logScale: logScale, white: white, shared: shared, time: time, travelledMeters: travelledMeters)
    let isLastOfOpening = opening.add(look)
    // A restart, which this look may cause, waits for others.
    defer { if isLastOfOpening, opening.isClosed { takeOpeningAgain() } }
    let (weight, sigmas) = weigh(look)
    guard let weight else { return reject(logScale, sigmas: sigmas) }
    outliers.removeAll()
    acceptedCount += 1
    return .accepted(weight: weight)
  }

  /// Moves the estimate.
  /// - Returns: the Huber weight, nil for an outlier; and how far off the look was, in standard deviations.
  private mutating func weigh(_ look: OpeningLooks.Look) -> (weight: Double?, sigmas: Double) {
    let (y, sigma) = innovation(of: look.logScale, variance: look.white + look.shared)
    guard abs(y) <= settings.gateSigmas * sigma else { return (nil, y / sigma) }
    let seconds = lastAccepted.map { Double(look.time - $0) * 1e-9 }
    let rho = correlation(after: seconds)
    let before = noise(rho: rho, white: look.white)
    scatter.learn(
      innovation: y, variance: variance, white: look.white, rho: rho, expected: settings.frameSigma)
    let after = noise(rho: rho, white: look.white)
    reweigh(by: before / after)
    forget(settings.varianceAddedPerMeter * min(look.travelledMeters, Self.largestTravel))
    let weight = min(1, settings.huberSigmas * sigma / max(abs(y), 1e-12))
    let noise = (after + look.shared) / weight
    let floor = max(min(variance, look.shared), settings.leastSigma * settings.leastSigma)
    let gain = variance / (variance + noise)
    let limit = max(log(settings.largestFactor), 3 * prior.logSigma)
    logScale = min(prior.logScale + limit, max(prior.logScale - limit, logScale + gain * y))
    variance = max((1 - gain) * variance, floor)
    lastAccepted = look.time
    let covered = min(max(0, seconds ?? 0), Self.coveredPause)
    coveredSeconds += covered
    blocks.add(logScale, seconds: covered)
    return (weight, y / sigma)
  }

  /// Takes the first looks again as if their middle had been the first guess.
  ///
  /// A guess that is far off has its share in the estimate for good, and looks that err towards it pass the gate and
  /// weigh more than those that err to the other side: where one starts would decide where one ends, and the way from
  /// there would look like an estimate that wanders.
  private mutating func takeOpeningAgain() {
    logScale = opening.middle
    variance = startVariance
    priorInformation = 1 / variance
    scatter = FrameScatter()
    blocks.removeAll()
    coveredSeconds = 0
    lastAccepted = nil
    for look in opening.looks { _ = weigh(look) }
  }

  /// Variance of one of a row of observations: what neighbours share counts as often as they repeat it.
  private func noise(rho: Double, white: Double) -> Double {
    white + scatter.measuringVariance(expected: settings.frameSigma)
      + frameVariance * (1 + rho) / (1 - rho)
  }

  /// What has been observed is worth as much less as observations have turned out to scatter more.
  ///
  /// All of a drive then counts alike. Without it, what was seen before the scatter was known would weigh for ever what
  /// the scatter was taken to be.
  private mutating func reweigh(by factor: Double) {
    let observed = max(0, 1 / variance - priorInformation)
    variance = 1 / (priorInformation + factor * observed)
  }

  /// The scale of another place is another: what is known is worth less.
  private mutating func forget(_ added: Double) {
    let share = variance / (variance + added)
    priorInformation *= share
    variance += added
  }

  /// Of this observation's frame with that of the last one.
  private func correlation(after seconds: Double?) -> Double {
    guard let seconds else { return 0 }
    return exp(-max(seconds, Self.leastInterval) / settings.correlationSeconds)
  }

  private mutating func reject(_ logScale: Double, sigmas: Double) -> Verdict {
    rejectedCount += 1
    outliers.add(logScale)
    guard outliers.isFull, outliers.medianDeviation < settings.restartDeviation else {
      return .outlier(sigmas: sigmas)
    }
    restart()
    return .restarted
  }

  /// Forgets how sure it was, not the value.
  private mutating func restart() {
    outliers.removeAll()
    restartCount += 1
    startVariance = settings.restartSigma * settings.restartSigma
    variance = startVariance
    priorInformation = 1 / variance
    opening.reopen()
    coveredSeconds = 0
    blocks.removeAll()
    lastAccepted = nil
  }

  /// Takes a value over from elsewhere: a file, or a person.
  /// - Parameter coveredSeconds: as if so much motion had been observed.
  public mutating func adopt(logScale: Double, variance: Double, coveredSeconds: Double) {
    self.logScale = logScale
    self.variance = variance
    priorInformation = 1 / variance
    self.coveredSeconds = coveredSeconds
    opening.close()
    outliers.removeAll()
    blocks.removeAll()
    lastAccepted = nil
  }
}
