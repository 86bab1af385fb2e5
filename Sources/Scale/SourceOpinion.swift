import Glibc
public import Quantities

/// What one source has been saying lately: a running mean of its observations that passed their gates.
public struct SourceOpinion: Equatable, Sendable {
  public private(set) var logScale = 0.0
  /// Spread of one observation, and of the mean.
  public private(set) var logSigma = 0.0
  public private(set) var passedCount: UInt64 = 0
  public private(set) var rejectedCount: UInt64 = 0
  public private(set) var lastPassed: MonotonicTime?
  /// The newest observation, whether it passed or not.
  public private(set) var latest: ScaleObservation?
  private var weight = 0.0
  private var variance = 0.0

  init() {}

  mutating func hear(_ observation: ScaleObservation, settings: ScaleSettings.Conflict) {
    latest = observation
    guard observation.gate == .passed, observation.logScale.isFinite else {
      rejectedCount += 1
      return
    }
    passedCount += 1
    let seconds = lastPassed.map { max(0, Double(observation.time - $0) * 1e-9) } ?? .infinity
    lastPassed = observation.time
    let kept = seconds > settings.forgetSeconds ? 0 : exp(-seconds / settings.memorySeconds)
    weight = kept * weight + 1
    logScale += (observation.logScale - logScale) / weight
    variance += (observation.variance - variance) / weight
    // Observations overlap: no more than the root of their number is gained.
    logSigma = max(
      settings.leastSigma, (variance / weight.squareRoot() + observation.sharedVariance).squareRoot())
  }

  /// Whether it has spoken within the last `seconds`.
  public func isAlive(at time: MonotonicTime, within seconds: Double) -> Bool {
    guard let lastPassed else { return false }
    return Double(time - lastPassed) * 1e-9 <= seconds
  }
}
