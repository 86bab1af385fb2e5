import Glibc

/// How far odometry may be wrong, one standard deviation each.
public struct OdometryNoiseModel: Equatable, Hashable, Sendable {
  /// Of the speed, as a share of it: wheel radius, tyre pressure, slip that nobody noticed.
  public var speedShare = 0.02
  /// Of one distance, metres: the step of the encoder.
  public var quantumMeters = 0.005
  /// Of the time between odometry and frames, seconds.
  public var timeSeconds = 0.005
  /// Of the yaw rate, as a share of it, and by itself, rad/s.
  public var yawRateShare = 0.02
  public var yawRateRadiansPerSecond = 0.01
  /// Of the camera's position on the robot, metres: as measured with a rule, and when nobody has said it.
  public var leverArmMeters = 0.02
  public var unknownLeverArmMeters = 0.3

  public init() {}

  func chordVariance(chord: Double, window: OdometryWindow, knowsLeverArm: Bool) -> Double {
    let speed = speedShare * chord
    let time = window.acceleration * timeSeconds * window.durationSeconds
    let lever =
      2 * sin(0.5 * window.motion.heading) * (knowsLeverArm ? leverArmMeters : unknownLeverArmMeters)
    return speed * speed + quantumMeters * quantumMeters + time * time + lever * lever
  }

  func turnVariance(of window: OdometryWindow) -> Double {
    let share = yawRateShare * window.motion.heading
    let drift = yawRateRadiansPerSecond * window.durationSeconds
    return share * share + drift * drift
  }
}
