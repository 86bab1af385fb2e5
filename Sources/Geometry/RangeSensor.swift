/// A range sensor of the robot as the camera's calibration file states it: where it sits and how its clock goes.
public struct RangeSensor: Hashable, Sendable {
  /// More in one file are a mistake.
  public static let most = 7

  /// What its messages call their frame.
  public var frame: String
  /// Maps points from the sensor's own axes to the camera's optical frame (x right, y down, z forward), metres, before
  /// rectification.
  public var cameraFromSensor: RigidTransform
  /// Added to its stamps; positive when they are early.
  public var timeOffsetNanoseconds: Int64

  public init(frame: String, cameraFromSensor: RigidTransform, timeOffsetNanoseconds: Int64 = 0) {
    self.frame = frame
    self.cameraFromSensor = cameraFromSensor
    self.timeOffsetNanoseconds = timeOffsetNanoseconds
  }
}
