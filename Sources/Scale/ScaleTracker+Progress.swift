import Glibc
import Quantities

extension ScaleTracker {
  /// A source that has been silent for so long is asked why, seconds.
  private static let patience = 2.0

  /// How far to locked: the slowest of motion covered, observations made and sureness gained.
  public var progressPercent: Int {
    if isTrusted { return 100 }
    guard filter.acceptedCount > 0 else { return 0 }
    let start = max(prior.logSigma, settings.filter.leastInitialSigma)
    let sureness = log(start / filter.logSigma) / log(start / settings.lock.sigma)
    let covered = filter.coveredSeconds / settings.lock.afterSeconds
    return Int((100 * min(0.99, max(0, min(sureness, covered, filter.openingShare)))).rounded(.down))
  }

  /// Why the scale gets no better, in words; nil while it does, and when nothing is missing.
  public var reason: String? {
    if state == .conflict { return contradiction }
    if let confirmed, let seconds = age(confirmed), seconds < Self.patience {
      return isTrusted ? nil : settling
    }
    if isStanding { return "the robot stands still" }
    if let seconds = now.flatMap({ slip.blockedSeconds(at: $0) }), let sign = slip.lastSign {
      let rest = (seconds * 10).rounded(.up) / 10
      return "\(sign.sentence); wheels are not believed for \(rest) s more"
    }
    return silence
  }

  /// What contradicts each other, with both values.
  var contradiction: String? {
    if let now, isHeightContradicted(at: now), let sentence = height.sentence {
      return sentence + ": the configured height is wrong, the camera was moved, or the wheels' scale is"
    }
    for source in ScaleObservation.Source.allCases where agreements[source.place].verdict == .conflict {
      guard let other = opinions[source.place].value else { continue }
      let hint = source == .ground ? "; a ramp, a load, or the camera was moved" : ""
      return "\(source.rawValue) says \(Self.text(other)), the estimate is \(Self.text(filter.value))" + hint
    }
    return nil
  }

  /// Observations come in, but the estimate still wanders.
  private var settling: String? {
    guard hasEnough else { return nil }
    let spread = filter.blockSpread ?? 0
    return "the estimate still wanders by \(Int((100 * spread).rounded())) %, needs "
      + "\(Int((100 * settings.lock.largestSpread).rounded()))"
  }

  /// What keeps the best source from speaking.
  private var silence: String? {
    let silent = ScaleObservation.Source.allCases.sorted { $0.rank > $1.rank }
    for source in silent {
      if case .rejected(let reason) = opinions[source.place].latest?.gate { return "\(reason)" }
    }
    if filter.rejectedCount > 0, filter.acceptedCount == 0 { return "observations are far from the estimate" }
    return hasOdometry ? "no observation yet" : "no odometry"
  }

  static func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}

extension SlipDetector.Sign {
  var sentence: String {
    switch self {
    case .yawRates: "wheels and images disagree about the turn"
    case .acceleration: "the wheels' speed jumped"
    case .immobilised: "the wheels turn and the image stands still"
    case .innovations: "observations are far too high while yaw rates differ"
    }
  }
}

extension ScaleFilter {
  /// Metres per network unit.
  public var value: Double { exp(logScale) }
}

extension SourceOpinion {
  /// Metres per network unit; nil before the first observation that passed.
  public var value: Double? { lastPassed == nil ? nil : exp(logScale) }
}
