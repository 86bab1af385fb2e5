public import Quantities

/// What is known about the robot's motion at one frame.
public struct ScaleMotion: Equatable, Sendable {
  /// Capture time of the frame.
  public var time: MonotonicTime
  /// From wheels; nil without odometry.
  public var speedMetersPerSecond: Double?
  public var yawRateRadiansPerSecond: Double?
  /// From a gyroscope or from images; nil when there is none.
  public var independentYawRate: Double?
  /// Share of the image that no motion at all explains best; nil when nobody looked.
  public var staticShare: Double?

  public init(
    time: MonotonicTime, speedMetersPerSecond: Double? = nil, yawRateRadiansPerSecond: Double? = nil,
    independentYawRate: Double? = nil, staticShare: Double? = nil
  ) {
    self.time = time
    self.speedMetersPerSecond = speedMetersPerSecond
    self.yawRateRadiansPerSecond = yawRateRadiansPerSecond
    self.independentYawRate = independentYawRate
    self.staticShare = staticShare
  }
}
