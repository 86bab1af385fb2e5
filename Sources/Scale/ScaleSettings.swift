import Glibc

/// Every constant of the scale's filter and states.
///
/// - Source: reference values of the project's methods notes, 2.5 and 2.6; each is a key of `[scale]`.
public struct ScaleSettings: Hashable, Sendable {
  public var filter = Filter()
  public var lock = Lock()
  public var slip = Slip()
  public var conflict = Conflict()
  public var moved = Moved()

  public init() {}

  /// The Kalman filter on the logarithm of the scale.
  public struct Filter: Hashable, Sendable {
    /// Spread of the network's own scale from frame to frame (of the logarithm), and how long it stays alike.
    public var frameSigma = 0.08
    public var correlationSeconds = 1.5
    /// Variance that each metre of travel adds: 4.5 % in a kilometre. Ten times as much forgets a street within
    /// fifteen seconds, and what is left never gets better than 4 %.
    public var varianceAddedPerMeter = 2e-6
    /// An observation farther off than this many standard deviations is not used.
    public var gateSigmas = 4.0
    /// Huber's bound in standard deviations: beyond it an observation counts less.
    public var huberSigmas = 1.345
    /// The filter never believes itself more than this.
    public var leastSigma = 0.005
    /// The scale may be this factor from the model's own, either way.
    public var largestFactor = 3.0
    /// Consecutive outliers that agree within `restartDeviation` start the filter anew with `restartSigma`.
    public var restartCount = 50
    public var restartDeviation = 0.05
    public var restartSigma = 0.3
    /// What a model of unknown accuracy is believed to at the start, at best.
    public var leastInitialSigma = 0.15

    public init() {}
  }

  /// When a scale is good enough to be called metres, and how long it stays so.
  public struct Lock: Hashable, Sendable {
    /// Largest standard deviation of the filter. At 4 % the published scale was up to 6 % off in the seconds after the
    /// lock, at 2.8 % about 4 % and at 2.5 % about 3 % (decision records 30 and 31).
    public var sigma = 0.025
    /// Seconds of motion that observations must cover.
    public var afterSeconds = 15.0
    /// The estimate may wander by this much (of the logarithm) over the last blocks.
    public var largestSpread = 0.10
    public var blockSeconds = 5.0
    /// A locked scale without a new observation for so long is held.
    public var holdAfterSeconds = 60.0
    public var holdAfterMeters = 50.0
    /// Largest change of a metric scale that consumers see, of the logarithm per second.
    public var slewPerSecond = 0.02

    public init() {}
  }

  /// When wheels are taken to slip, and the robot to stand.
  public struct Slip: Hashable, Sendable {
    /// Yaw rates of wheels and of gyroscope or images differ by more than the larger of these.
    public var yawRateDifference = 0.10
    public var yawRateShare = 0.15
    public var yawRateCount = 3
    /// Largest change of speed that wheels with grip can make, m/s2.
    public var largestAcceleration = 4.0
    /// Wheels turn while this share of the image stands still, for so many frames.
    public var staticShare = 0.8
    public var staticCount = 5
    /// Innovations beyond this many deviations in a row while yaw rates differ.
    public var innovationSigmas = 3.0
    public var innovationCount = 5
    /// Observations from wheels are not used for so long after.
    public var blockSeconds = 1.0
    /// And after a jump of the speed until it jumps back, at most so long.
    public var jumpSeconds = 10.0
    /// Below this speed for so long the robot stands.
    public var standingSpeed = 0.02
    public var standingSeconds = 0.5

    public init() {}
  }

  /// When two sources contradict each other.
  public struct Conflict: Hashable, Sendable {
    public var warnSigmas = 2.0
    public var conflictSigmas = 4.0
    /// Differences of the logarithm.
    public var warnDifference = 0.10
    public var conflictDifference = 0.20
    /// How long a difference must last.
    public var warnSeconds = 2.0
    public var conflictSeconds = 5.0
    /// A source's word is the mean over about this long, and forgotten when it has been silent as long.
    public var memorySeconds = 3.0
    public var forgetSeconds = 10.0
    /// Least spread of such a mean.
    public var leastSigma = 0.02
    /// Configured and measured height of the camera contradict each other from here, of the logarithm and in
    /// deviations.
    public var heightDifference = 0.10
    public var heightSigmas = 3.0
    public var heightSeconds = 3.0
    /// The measured height is the median over this long.
    public var heightMemorySeconds = 15.0

    public init() {}
  }

  /// When the camera is taken to have been moved on the robot.
  public struct Moved: Hashable, Sendable {
    /// Change of pitch, degrees, and of the height as a share.
    public var pitchDegrees = 2.0
    public var heightShare = 0.10
    /// How long the ground must look different, in seconds of driving.
    public var seconds = 20.0

    public init() {}
  }
}

/// What a model, a configuration or a file says about the scale before anything is observed.
public struct ScalePrior: Equatable, Sendable {
  /// ln(metres per network unit).
  public var logScale: Double
  public var logSigma: Double

  public init(logScale: Double, logSigma: Double) {
    self.logScale = logScale
    self.logSigma = logSigma
  }
}
