public import Quantities

/// What a robot can do at all; what lies outside is a broken message, a wrong unit or a wrong signal.
public struct OdometryLimits: Hashable, Sendable {
  public var speedMetersPerSecond = 60.0
  public var yawRateRadiansPerSecond = 10.0
  public var accelerationMetersPerSecondSquared = 50.0

  public init() {}
}

/// Judges samples by what the robot can do.
///
/// One sample that jumps is an outlier. Several in a row that agree with each other are the truth, and the one before
/// them was the outlier.
public struct OdometryPlausibility: Sendable {
  /// Why a sample is not believed.
  public enum Doubt: Equatable, Sendable, CustomStringConvertible {
    case tooFast(metersPerSecond: Double, limit: Double)
    case turnsTooFast(radiansPerSecond: Double, limit: Double)
    case jump(metersPerSecond: Double, toMetersPerSecond: Double, limit: Double)

    public var description: String {
      switch self {
      case .tooFast(let speed, let limit):
        "speed \(speed) m/s is beyond odometry.max_speed_mps, \(limit): check its unit, scale and sign"
      case .turnsTooFast(let rate, let limit):
        "yaw rate \(rate) rad/s is beyond odometry.max_yaw_rate_rps, \(limit): check its unit and scale"
      case .jump(let from, let to, let limit):
        "speed jumps from \(from) to \(to) m/s, more than odometry.max_acceleration_mps2, \(limit), allows"
      }
    }
  }

  public var limits: OdometryLimits
  private var last: OdometrySample?
  /// The newest of the samples in a row that jump away from `last`, and how many they are.
  private var candidate: (sample: OdometrySample, count: Int)?

  /// Messages that arrive together have stamps closer than the time their speeds are meant for.
  private static let shortestStepSeconds = 0.01
  /// After a pause this long, any speed is possible.
  private static let memoryNanoseconds: Int64 = 1_000_000_000
  private static let agreeingSamples = 3

  public init(limits: OdometryLimits = OdometryLimits()) {
    self.limits = limits
  }

  /// Judges the next sample; nil = believed.
  public mutating func doubt(_ sample: OdometrySample) -> Doubt? {
    let (speed, yawRate) = (sample.speedMetersPerSecond, sample.yawRateRadiansPerSecond)
    guard abs(speed) <= limits.speedMetersPerSecond else {
      return .tooFast(metersPerSecond: speed, limit: limits.speedMetersPerSecond)
    }
    guard abs(yawRate) <= limits.yawRateRadiansPerSecond else {
      return .turnsTooFast(radiansPerSecond: yawRate, limit: limits.yawRateRadiansPerSecond)
    }
    if let last, jumps(from: last, to: sample), !agrees(sample) {
      return .jump(
        metersPerSecond: last.speedMetersPerSecond, toMetersPerSecond: speed,
        limit: limits.accelerationMetersPerSecondSquared)
    }
    candidate = nil
    last = sample
    return nil
  }

  /// Forgets what came before: the next sample may have any speed.
  public mutating func reset() {
    last = nil
    candidate = nil
  }

  /// Whether enough jumping samples in a row agree among themselves, this one included.
  private mutating func agrees(_ sample: OdometrySample) -> Bool {
    let isSame = candidate.map { !jumps(from: $0.sample, to: sample) } ?? false
    candidate = (sample, isSame ? (candidate?.count ?? 0) + 1 : 1)
    return (candidate?.count ?? 0) >= Self.agreeingSamples
  }

  private func jumps(from before: OdometrySample, to next: OdometrySample) -> Bool {
    let elapsed = next.time - before.time
    // Older samples are the track's business: it counts them as late, or starts anew.
    guard elapsed > 0, elapsed < Self.memoryNanoseconds else { return false }
    let seconds = max(Double(elapsed) * 1e-9, Self.shortestStepSeconds)
    return abs(next.speedMetersPerSecond - before.speedMetersPerSecond)
      > limits.accelerationMetersPerSecondSquared * seconds
  }
}
