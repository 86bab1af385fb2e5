extension Simulation {
  /// One reading of the simulated wheel odometry.
  public struct OdometryReading: Equatable, Sendable {
    /// Seconds after the start of the drive.
    public var timeSeconds: Double
    public var speedMetersPerSecond: Double
    public var yawRateRadiansPerSecond: Double
    /// Whether the wheels slip at this moment, so that the reading is wrong on purpose.
    public var isSlipping: Bool
  }

  /// Length of the slots that slip is drawn for, and of the slip inside one.
  private static let slipSlotSeconds = 4.0
  private static let slipSeconds = 1.0

  /// Reading number `index` of an odometry that reads at `settings.odometryRateHz`.
  public func odometryReading(_ index: Int) -> OdometryReading {
    let noise = settings.odometryNoise
    let time = Double(index) / settings.odometryRateHz
    let truth = trueOdometry(at: time)
    var random = SimulationRandom(seed: settings.seed, stream: 20, index: index)
    let slips = isSlipping(at: time)
    var speed = truth.speedMetersPerSecond * (1 + noise.wheelScaleError)
    if slips { speed *= 1 + noise.slipGain }
    speed *= 1 + noise.relativeSpeedSigma * random.normal()
    let yawRate = truth.yawRateRadiansPerSecond + noise.yawRateSigma * random.normal()
    return OdometryReading(
      timeSeconds: time, speedMetersPerSecond: Self.quantized(speed, noise.speedQuantum),
      yawRateRadiansPerSecond: Self.quantized(yawRate, noise.yawRateQuantum), isSlipping: slips)
  }

  private func isSlipping(at time: Double) -> Bool {
    let probability = settings.odometryNoise.slipProbability
    guard probability > 0 else { return false }
    let slot = (time / Self.slipSlotSeconds).rounded(.down)
    var random = SimulationRandom(seed: settings.seed, stream: 21, index: Int(slot))
    guard random.unit() < probability else { return false }
    let start = random.real(0, Self.slipSlotSeconds - Self.slipSeconds)
    let within = time - slot * Self.slipSlotSeconds
    return within >= start && within < start + Self.slipSeconds
  }

  private static func quantized(_ value: Double, _ quantum: Double) -> Double {
    quantum > 0 ? (value / quantum).rounded() * quantum : value
  }
}
