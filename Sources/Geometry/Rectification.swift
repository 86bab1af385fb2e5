/// The correspondence between the pixels of a captured image and of its rectified twin.
///
/// - Source: ROS image_geometry, `PinholeCameraModel::rectifyPoint` and `unrectifyPoint`.
public struct Rectification: Hashable, Sendable {
  public let calibration: CameraCalibration
  /// R: turns points from the camera's frame to the rectified one.
  public let rectifiedFromCamera: RigidTransform
  private let monotonicRadius: Double

  /// - Complexity: some 10,000 evaluations of the distortion; make one per image size, not one per pixel.
  public init(_ calibration: CameraCalibration) {
    self.calibration = calibration
    self.rectifiedFromCamera = RigidTransform(rotation: calibration.rectification, translation: .zero)
    self.monotonicRadius = calibration.distortion.monotonicRadius
  }

  /// Whether rectification only shifts and stretches the image along its axes.
  public var isAxisAligned: Bool {
    calibration.distortion == .none && calibration.rectification == RigidTransform.identity.rotation
  }

  /// Where a pixel of the rectified image comes from in the captured image.
  ///
  /// If the lens cannot see that ray, `isVisible` is false and the position is the outermost one that the lens
  /// model defines in that direction. A visible position may still lie outside the image.
  public func capturedPixel(rectifiedU u: Double, v: Double) -> (u: Double, v: Double, isVisible: Bool) {
    let r = calibration.rectification
    let flat = calibration.rectifiedIntrinsics.unproject(u: u, v: v)
    // Transposed: R maps camera coordinates to rectified ones.
    let depth = r[2] * flat.x + r[5] * flat.y + r[8]
    guard depth > 1e-9 else { return (calibration.intrinsics.cx, calibration.intrinsics.cy, false) }
    var x = (r[0] * flat.x + r[3] * flat.y + r[6]) / depth
    var y = (r[1] * flat.x + r[4] * flat.y + r[7]) / depth
    let radius = (x * x + y * y).squareRoot()
    let isVisible = radius <= monotonicRadius
    if !isVisible {
      x *= monotonicRadius / radius
      y *= monotonicRadius / radius
    }
    let bent = calibration.distortion.distort(x: x, y: y)
    let pixel = calibration.intrinsics.project(x: bent.x, y: bent.y)
    return (pixel.u, pixel.v, isVisible)
  }

  /// Where a captured pixel appears in the rectified image; nil where the lens model does not invert or the
  /// ray does not pass in front of the rectified camera.
  public func rectifiedPixel(capturedU u: Double, v: Double) -> (u: Double, v: Double)? {
    guard let ray = rectifiedRay(capturedU: u, v: v), ray.z > 1e-9 else { return nil }
    return calibration.rectifiedIntrinsics.project(x: ray.x / ray.z, y: ray.y / ray.z)
  }

  /// The point that a captured pixel sees at 1 m along the captured image's axis, in the rectified camera's frame;
  /// nil where the lens model does not invert. Times a depth it is the point seen at that depth.
  public func rectifiedRay(capturedU u: Double, v: Double) -> SIMD3<Double>? {
    let bent = calibration.intrinsics.unproject(u: u, v: v)
    guard let ray = calibration.distortion.undistort(x: bent.x, y: bent.y),
      (ray.x * ray.x + ray.y * ray.y).squareRoot() <= monotonicRadius
    else { return nil }
    return rectifiedFromCamera.rotate(SIMD3(ray.x, ray.y, 1))
  }
}
