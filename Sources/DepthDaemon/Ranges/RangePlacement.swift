package import Geometry
package import Quantities

/// Where the points of a scan lie for a frame: the sensor's place, the robot's motion in between, rectification. Pure.
package struct RangePlacement {
  /// Why a scan does not count for a frame.
  package enum Refusal: Error, Equatable {
    /// Too old, or too new.
    case stale
    /// Young enough, but nothing says how the robot moved meanwhile.
    case unmoved
  }

  private let gridFromCamera: RigidTransform
  private let maximumAgeNanoseconds: Int64
  private let maximumUnmovedAgeNanoseconds: Int64

  /// - Parameters:
  ///   - gridFromCamera: from the camera's optical frame to that of published data.
  ///   - maximumUnmovedAgeNanoseconds: the limit where the motion is not known.
  package init(
    gridFromCamera: RigidTransform, maximumAgeNanoseconds: Int64, maximumUnmovedAgeNanoseconds: Int64
  ) {
    self.gridFromCamera = gridFromCamera
    self.maximumAgeNanoseconds = maximumAgeNanoseconds
    self.maximumUnmovedAgeNanoseconds = maximumUnmovedAgeNanoseconds
  }

  /// Maps a scan's points to the grid's camera at the time of a frame.
  ///
  /// - Parameters:
  ///   - cameraFromSensor: nil for points in the frame of published data.
  ///   - startFromEnd: the camera's motion between two times (earlier, later), as `CameraMotion` has it; nil where
  ///     odometry does not cover them.
  package func gridFromSensor(
    _ cameraFromSensor: RigidTransform?, scan: MonotonicTime, frame: MonotonicTime,
    startFromEnd: (MonotonicTime, MonotonicTime) -> RigidTransform?
  ) throws(Refusal) -> RigidTransform {
    let age = frame - scan
    guard abs(age) <= maximumAgeNanoseconds else { throw .stale }
    var frameFromScan = RigidTransform.identity
    if let motion = startFromEnd(min(scan, frame), max(scan, frame)) {
      frameFromScan = scan <= frame ? motion.inverse : motion
    } else if abs(age) > maximumUnmovedAgeNanoseconds {
      throw .unmoved
    }
    return gridFromCamera * frameFromScan * (cameraFromSensor ?? gridFromCamera.inverse)
  }
}
