/// What is known about metres per unit of network depth (DESIGN.md section 7).
public struct ScaleEstimate: Equatable, Sendable {
  public enum State: String, Sendable, CaseIterable {
    case unscaled, converging, locked, held, conflict
  }

  /// Metres per unit of network depth.
  public var value: Double
  /// Standard deviation of log(value), dimensionless.
  public var logSigma: Double
  public var state: State
  public var sources: ScaleSources
  /// When an observation last confirmed the value; nil when none has.
  public var confirmed: MonotonicTime?

  public init(
    value: Double, logSigma: Double, state: State, sources: ScaleSources, confirmed: MonotonicTime? = nil
  ) {
    self.value = value
    self.logSigma = logSigma
    self.state = state
    self.sources = sources
    self.confirmed = confirmed
  }

  /// Whether depth multiplied by this scale may be called metres.
  public var isMetric: Bool { state == .locked || state == .held }
}
