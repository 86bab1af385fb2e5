import Glibc
public import Quantities

/// Pinhole intrinsics in pixels of a stated image size.
///
/// Pixel centres lie at integers (the ROS and OpenCV rule): pixel (0, 0) covers [-0.5, 0.5] squared.
public struct CameraIntrinsics: Hashable, Sendable {
  public var fx: Double
  public var fy: Double
  public var cx: Double
  public var cy: Double
  public var size: ImageSize

  public init(fx: Double, fy: Double, cx: Double, cy: Double, size: ImageSize) {
    self.fx = fx
    self.fy = fy
    self.cx = cx
    self.cy = cy
    self.size = size
  }

  /// The same camera on another pixel grid: `f' = f s`, `c' = (c + 0.5) s - 0.5` for each axis.
  public func scaled(to size: ImageSize) -> CameraIntrinsics {
    let scaleX = Double(size.width) / Double(self.size.width)
    let scaleY = Double(size.height) / Double(self.size.height)
    return CameraIntrinsics(
      fx: fx * scaleX, fy: fy * scaleY, cx: (cx + 0.5) * scaleX - 0.5, cy: (cy + 0.5) * scaleY - 0.5,
      size: size)
  }

  /// The same camera seen through a window of its image.
  public func cropped(x: Int, y: Int, to size: ImageSize) -> CameraIntrinsics {
    CameraIntrinsics(fx: fx, fy: fy, cx: cx - Double(x), cy: cy - Double(y), size: size)
  }

  /// Image position in pixels of a point given as (x/z, y/z).
  public func project(x: Double, y: Double) -> (u: Double, v: Double) {
    (fx * x + cx, fy * y + cy)
  }

  /// The (x/z, y/z) direction of an image position.
  public func unproject(u: Double, v: Double) -> (x: Double, y: Double) {
    ((u - cx) / fx, (v - cy) / fy)
  }

  /// Horizontal and vertical field of view, radians.
  public var fieldOfView: (horizontal: Double, vertical: Double) {
    let left = unproject(u: -0.5, v: cy).x
    let right = unproject(u: Double(size.width) - 0.5, v: cy).x
    let top = unproject(u: cx, v: -0.5).y
    let bottom = unproject(u: cx, v: Double(size.height) - 0.5).y
    return (atan(right) - atan(left), atan(bottom) - atan(top))
  }
}
