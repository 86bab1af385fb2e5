import Glibc
import Quantities

extension ScaleTracker {
  /// Whether the filter is good enough to be trusted for the first time.
  var isGoodEnough: Bool {
    hasEnough && (filter.blockSpread ?? .infinity) <= settings.lock.largestSpread
  }

  /// Whether there has been enough to observe, apart from whether the estimate has come to rest.
  var hasEnough: Bool {
    filter.openingShare == 1 && filter.coveredSeconds >= settings.lock.afterSeconds
      && filter.logSigma <= settings.lock.sigma
  }

  mutating func updateState(at time: MonotonicTime) {
    if !isTrusted, isGoodEnough {
      isTrusted = true
      // What consumers see from now on changes slowly, so it must start where it belongs.
      publishedLogScale = filter.logScale
    }
    if isHeightContradicted(at: time) {
      state = .conflict
    } else if isTrusted {
      state = isContradicted(at: time) ? .conflict : isUnconfirmed(at: time) ? .held : .locked
    } else {
      state = filter.acceptedCount > 0 ? .converging : .unscaled
    }
  }

  func isUnconfirmed(at time: MonotonicTime) -> Bool {
    guard let holdReference else { return true }
    return Double(time - holdReference) * 1e-9 > settings.lock.holdAfterSeconds
      || travelledMeters > settings.lock.holdAfterMeters
  }

  /// A source that contradicts the estimate makes a conflict when another one supports it, or when the
  /// contradicting one is not the one that drives. A driver that nobody contradicts is right in the end:
  /// the filter starts anew.
  func isContradicted(at time: MonotonicTime) -> Bool {
    for source in ScaleObservation.Source.allCases where agreements[source.place].verdict == .conflict {
      guard counts(source, at: time) else { continue }
      if !drives(source, at: time), !isDriverContradicted(at: time) { return true }
      if isSupported(besides: source, at: time) { return true }
    }
    return false
  }

  /// The configured height and the one by images and odometry contradict each other, and metres rest on one of them.
  /// Range points are metres without either.
  func isHeightContradicted(at time: MonotonicTime) -> Bool {
    height.agreement.verdict == .conflict
      && !opinions[ScaleObservation.Source.points.place].isAlive(
        at: time, within: settings.conflict.forgetSeconds)
  }

  /// The pose network has a scale of its own (methods notes 2.6): beside a better source its word is only told. So is
  /// that of the ground as the network sees it, once images and odometry have measured how far the ground is.
  func counts(_ source: ScaleObservation.Source, at time: MonotonicTime) -> Bool {
    switch source {
    case .pose: drives(.pose, at: time)
    case .ground: height.heightMeters == nil || drives(.ground, at: time)
    case .photometric, .points: true
    }
  }

  func isDriverContradicted(at time: MonotonicTime) -> Bool {
    ScaleObservation.Source.allCases.contains {
      drives($0, at: time) && opinions[$0.place].isAlive(at: time, within: settings.conflict.forgetSeconds)
        && agreements[$0.place].verdict == .conflict
    }
  }

  func isSupported(besides source: ScaleObservation.Source, at time: MonotonicTime) -> Bool {
    ScaleObservation.Source.allCases.contains {
      $0 != source && opinions[$0.place].isAlive(at: time, within: settings.conflict.forgetSeconds)
        && agreements[$0.place].verdict == .agree
    }
  }

  /// The largest difference that a source warns of, of the logarithm.
  var openDifference: Double {
    guard let now else { return 0 }
    var largest = 0.0
    for source in ScaleObservation.Source.allCases
    where agreements[source.place].verdict != .agree && counts(source, at: now) {
      largest = max(largest, abs(agreements[source.place].difference))
    }
    return largest
  }

  mutating func publish(after seconds: Double) {
    let step = filter.logScale - publishedLogScale
    let limit = settings.lock.slewPerSecond * seconds
    publishedLogScale += isTrusted ? max(-limit, min(limit, step)) : step
  }
}
