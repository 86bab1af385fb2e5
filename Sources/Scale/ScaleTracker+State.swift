import Glibc
import Quantities

extension ScaleTracker {
  /// Whether the filter is good enough to be trusted for the first time.
  var isGoodEnough: Bool {
    filter.logSigma <= settings.lock.sigma && filter.coveredSeconds >= settings.lock.afterSeconds
      && (filter.blockSpread ?? .infinity) <= settings.lock.largestSpread
  }

  mutating func updateState(at time: MonotonicTime) {
    if isGoodEnough { isTrusted = true }
    if isTrusted {
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

  /// The pose network has a scale of its own (methods notes 2.6): beside a better source its word is only told.
  func counts(_ source: ScaleObservation.Source, at time: MonotonicTime) -> Bool {
    source != .pose || drives(.pose, at: time)
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
