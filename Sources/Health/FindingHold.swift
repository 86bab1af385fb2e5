public import Quantities

/// Keeps a component from flapping: worse is shown at once, better only when it has lasted.
///
/// A finding of the same code takes its new text at once.
public struct FindingHold: Sendable {
  private let releaseNanoseconds: Int64
  private var shown: Finding?
  /// Since when everything seen was less urgent than what is shown.
  private var betterSince: MonotonicTime?

  /// - Parameter releaseNanoseconds: how long a component must have been better before that is believed.
  public init(releaseNanoseconds: Int64) {
    self.releaseNanoseconds = releaseNanoseconds
  }

  /// Takes in what was found and returns what to show.
  public mutating func update(_ found: Finding, at now: MonotonicTime) -> Finding {
    guard let shown, found.level.urgency < shown.level.urgency else {
      betterSince = nil
      self.shown = found
      return found
    }
    let since = betterSince ?? now
    betterSince = since
    guard now - since >= releaseNanoseconds else { return shown }
    betterSince = nil
    self.shown = found
    return found
  }
}

/// A threshold with two edges, so that a measurement that trembles around it changes nothing.
public struct TwoEdgedThreshold: Sendable {
  private let enter: Double
  private let leave: Double
  public private(set) var isCrossed = false

  /// - Parameters:
  ///   - enter: crossed by values on the far side of this one.
  ///   - leave: no longer crossed on the near side of this one; `leave < enter` for an upper limit,
  ///     `leave > enter` for a lower one.
  public init(enter: Double, leave: Double) {
    self.enter = enter
    self.leave = leave
  }

  /// Takes in a measurement; NaN changes nothing.
  public mutating func update(_ value: Double) -> Bool {
    guard !value.isNaN else { return isCrossed }
    let isUpper = enter >= leave
    let edge = isCrossed ? leave : enter
    isCrossed = isUpper ? value > edge : value < edge
    return isCrossed
  }
}
