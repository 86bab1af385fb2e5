import Quantities

/// Whether another source contradicts the estimate: agreement, a warning, or a conflict that lasts.
///
/// Disagreement is never averaged away: during a conflict the estimate stays as it is.
public struct SourceAgreement: Equatable, Sendable {
  public enum Verdict: String, Sendable {
    case agree, warn, conflict
  }

  public private(set) var verdict = Verdict.agree
  /// The source's word minus the estimate, of the logarithm, and what spread explains.
  public private(set) var difference = 0.0
  public private(set) var sigma = 0.0
  private var worseSince: MonotonicTime?
  private var warnSince: MonotonicTime?
  private var betterSince: MonotonicTime?

  init() {}

  /// Compares; `difference` and `sigma` of the logarithm.
  mutating func compare(
    difference: Double, sigma: Double, at time: MonotonicTime, settings: ScaleSettings.Conflict
  ) {
    self.difference = difference
    self.sigma = sigma
    let size = abs(difference)
    let isConflict = size > settings.conflictSigmas * sigma && size > settings.conflictDifference
    let isWarning = size > settings.warnSigmas * sigma || size > settings.warnDifference
    worseSince = isConflict ? worseSince ?? time : nil
    warnSince = isWarning ? warnSince ?? time : nil
    betterSince = isConflict ? nil : betterSince ?? time
    if verdict == .conflict {
      guard lasts(betterSince, to: time, seconds: settings.conflictSeconds) else { return }
      verdict = isWarning ? .warn : .agree
    } else if lasts(worseSince, to: time, seconds: settings.conflictSeconds) {
      verdict = .conflict
    } else {
      verdict = lasts(warnSince, to: time, seconds: settings.warnSeconds) ? .warn : .agree
    }
  }

  /// The source has fallen silent: it contradicts nobody.
  mutating func forget() { self = SourceAgreement() }

  private func lasts(_ since: MonotonicTime?, to time: MonotonicTime, seconds: Double) -> Bool {
    since.map { Double(time - $0) * 1e-9 >= seconds } ?? false
  }
}
