import Geometry
import Glibc
import Odometry

/// When the distance that a pose network sees says something about scale.
///
/// - Source: reference values of the project's methods notes, 2.5.
public struct PoseLimits: Equatable, Sendable {
  /// Metres per second over the pair.
  public var slowestSpeed = 0.15
  /// Radians per second: rotation carries no scale, and the lever arm's motion grows with it.
  public var largestYawRate = 0.35
  /// Metres per second squared, and change of speed as a share of it: an error of synchrony is one of distance.
  public var largestAcceleration = 1.0
  public var largestSpeedChange = 0.2
  /// Radians between the direction of travel that is seen and the odometry's.
  public var largestDirection = 15 * Double.pi / 180
  /// What is left of going there and back, as a share of the way.
  public var largestInconsistency = 0.15

  public init() {}

  /// What speaks against a pair before it is looked at; nil when nothing does.
  /// - Parameter longestSeconds: how old the older frame may be.
  func objection(
    to motion: CameraMotion, seconds: Double, distance: ClosedRange<Double>, training: PairMotionTraining,
    longestSeconds: Double
  ) -> ScaleGateReason? {
    let speed = motion.chordMeters / max(seconds, 1e-6)
    let needed = max(slowestSpeed, distance.lowerBound / longestSeconds)
    if motion.chordMeters < distance.lowerBound || speed < slowestSpeed {
      return .speed(found: speed, needed: needed)
    }
    if motion.chordMeters > distance.upperBound {
      return .baselineTooLong(found: motion.chordMeters, limit: distance.upperBound)
    }
    let yawRate = abs(motion.turnRadians) / max(seconds, 1e-6)
    if yawRate > largestYawRate { return .yawRate(found: yawRate, limit: largestYawRate) }
    if abs(motion.turnRadians) > training.rotationRadians {
      return .turn(found: abs(motion.turnRadians), limit: training.rotationRadians)
    }
    let limit = min(largestAcceleration, largestSpeedChange * speed / max(seconds, 1e-6))
    if motion.accelerationMetersPerSecond2 > limit {
      return .acceleration(found: motion.accelerationMetersPerSecond2, limit: limit)
    }
    return nil
  }

  /// What speaks against what was seen; nil when nothing does.
  /// - Parameters:
  ///   - forward: later from earlier, as seen.
  ///   - backward: earlier from later, as seen with the frames exchanged.
  func objection(
    to forward: RigidTransform, _ backward: RigidTransform, odometry motion: CameraMotion
  ) -> ScaleGateReason? {
    let seen = forward.translation
    let length = seen.length
    guard length > 0, length.isFinite, backward.translation.length > 0 else { return .notFinite }
    let expected = motion.endFromStart.translation
    let cosine = (seen * expected).sum() / max(1e-12, length * expected.length)
    let angle = acos(min(1, max(-1, cosine)))
    if angle > largestDirection { return .direction(found: angle, limit: largestDirection) }
    let left = forward.apply(backward.translation).length / length
    if left > largestInconsistency { return .consistency(found: left, limit: largestInconsistency) }
    return nil
  }
}

extension SIMD3<Double> {
  var length: Double { (self * self).sum().squareRoot() }
}
