public import Geometry
public import Quantities

/// One look at how the camera sits above the ground, by two images and the metric motion between them: the network's
/// depth has no part in it.
public struct HeightObservation: Equatable, Sendable {
  /// Capture time of the newer frame.
  public var time: MonotonicTime
  /// Height of the camera as it is configured, metres.
  public var configuredMeters: Double
  /// The mount from which the ground moves as it did: metres by the odometry, pitch and roll of the newer frame. Yaw
  /// and lever arm are not seen.
  public var mount: CameraMount
  /// Of the logarithm of the height.
  public var variance: Double
  /// Metres the camera travelled between the two frames.
  public var distanceMeters: Double
  public var gate: ScaleObservation.Gate

  public init(
    time: MonotonicTime, configuredMeters: Double, mount: CameraMount, variance: Double,
    distanceMeters: Double,
    gate: ScaleObservation.Gate
  ) {
    self.time = time
    self.configuredMeters = configuredMeters
    self.mount = mount
    self.variance = variance
    self.distanceMeters = distanceMeters
    self.gate = gate
  }
}
