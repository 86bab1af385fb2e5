extension Configuration {
  /// How the scale is known or learned. What each value means stands in `ConfigurationKey.scale`.
  public struct Scale: Hashable, Sendable {
    /// Metres per unit of network depth; nil = not known beforehand.
    public var constant: Double?
    /// Standard deviation of log(constant).
    public var constantSigma = 0.05
    public var frameSigma = 0.08
    public var correlationSeconds = 1.0
    public var variancePerMeter = 2e-6
    public var gateSigmas = 4.0
    public var huberSigmas = 1.345
    public var leastSigma = 0.005
    public var largestFactor = 3.0
    public var restartCount = 50
    public var restartDeviation = 0.05
    public var restartSigma = 0.3
    public var initialSigma = 0.15
    public var lockSigma = 0.04
    public var lockAfterSeconds = 15.0
    public var lockSpread = 0.1
    public var blockSeconds = 5.0
    public var holdAfterSeconds = 60.0
    public var holdAfterMeters = 50.0
    public var slewPerSecond = 0.02
    public var slipYawRate = 0.1
    public var slipYawShare = 0.15
    public var slipYawCount = 3
    public var slipAcceleration = 4.0
    public var slipStaticShare = 0.8
    public var slipStaticCount = 5
    public var slipInnovationSigmas = 3.0
    public var slipInnovationCount = 5
    public var slipBlockSeconds = 1.0
    public var slipJumpSeconds = 10.0
    public var standingSpeed = 0.02
    public var standingSeconds = 0.5
    public var warnSigmas = 2.0
    public var warnDifference = 0.1
    public var warnSeconds = 2.0
    public var conflictSigmas = 4.0
    public var conflictDifference = 0.2
    public var conflictSeconds = 5.0
    public var opinionMemorySeconds = 3.0
    public var opinionForgetSeconds = 10.0
    public var opinionSigma = 0.02
    public var movedPitchDegrees = 2.0
    public var movedHeightShare = 0.1
    public var movedSeconds = 20.0
    public var observers = Observers()
  }
}
