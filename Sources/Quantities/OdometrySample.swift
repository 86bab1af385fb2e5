/// Planar body velocity at one moment (REP 103 axes: x forward, y left, z up).
public struct OdometrySample: Equatable, Sendable {
  public var time: MonotonicTime
  /// Forward speed of the body origin, m/s.
  public var speedMetersPerSecond: Double
  /// Yaw rate, rad/s, positive turning left.
  public var yawRateRadiansPerSecond: Double

  public init(
    time: MonotonicTime, speedMetersPerSecond: Double, yawRateRadiansPerSecond: Double
  ) {
    self.time = time
    self.speedMetersPerSecond = speedMetersPerSecond
    self.yawRateRadiansPerSecond = yawRateRadiansPerSecond
  }
}
