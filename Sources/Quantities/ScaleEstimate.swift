/// What is known about metres per unit of network depth (DESIGN.md section 7).
public struct ScaleEstimate: Equatable, Sendable {
  public enum State: String, Sendable, CaseIterable {
    case unscaled, converging, locked, held, conflict
  }

  /// Where a scale comes from.
  public enum Source: String, Sendable, CaseIterable {
    /// The constant the model was trained to, good for the kind of camera it was trained on.
    case model
    /// A constant from the configuration, measured by whoever wrote it there.
    case constant
  }

  /// Metres per unit of network depth.
  public var value: Double
  /// Standard deviation of log(value), dimensionless.
  public var logSigma: Double
  public var state: State
  public var source: Source

  public init(value: Double, logSigma: Double, state: State, source: Source) {
    self.value = value
    self.logSigma = logSigma
    self.state = state
    self.source = source
  }

  /// Whether depth multiplied by this scale may be called metres.
  public var isMetric: Bool { state == .locked || state == .held }
}
