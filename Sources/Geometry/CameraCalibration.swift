public import Quantities

/// Everything the ROS `camera_info` YAML says about one camera.
public struct CameraCalibration: Hashable, Sendable {
  public var name: String
  /// K: the raw, distorted image.
  public var intrinsics: CameraIntrinsics
  public var distortion: LensDistortion
  /// R: rotation from the camera to its rectified frame, row-major 3x3 (identity for one camera).
  public var rectification: [Double]
  /// P: the rectified image's intrinsics (its left 3x3), on a grid of the same size.
  public var rectifiedIntrinsics: CameraIntrinsics
  /// How the camera sits on the robot; nil = not known. No part of `id`: the lens is the same wherever it sits.
  public var mount: CameraMount?
  /// The robot's range sensors, seen from this camera; each frame once. No part of `id` either.
  public var sensors: [RangeSensor] = []

  public init(
    name: String, intrinsics: CameraIntrinsics, distortion: LensDistortion = .none,
    rectification: [Double] = RigidTransform.identity.rotation,
    rectifiedIntrinsics: CameraIntrinsics? = nil
  ) {
    self.name = name
    self.intrinsics = intrinsics
    self.distortion = distortion
    self.rectification = rectification
    self.rectifiedIntrinsics = rectifiedIntrinsics ?? intrinsics
  }

  public var size: ImageSize { intrinsics.size }
}
