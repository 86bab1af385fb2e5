import Geometry
import Quantities

/// Intrinsics of the images a scale is looked for in, single precision.
struct GridCamera {
  let focal: SIMD2<Float>
  let centre: SIMD2<Float>
  let size: ImageSize

  init(_ intrinsics: CameraIntrinsics) {
    focal = SIMD2(Float(intrinsics.fx), Float(intrinsics.fy))
    centre = SIMD2(Float(intrinsics.cx), Float(intrinsics.cy))
    size = intrinsics.size
  }

  /// The ray (x/z, y/z, 1) of a pixel.
  @inline(__always)
  func ray(_ pixel: SIMD2<Float>) -> SIMD3<Float> {
    let direction = (pixel - centre) / focal
    return SIMD3(direction.x, direction.y, 1)
  }

  /// The pixel of a point in front of the camera.
  @inline(__always)
  func pixel(_ point: SIMD3<Float>) -> SIMD2<Float> {
    focal * SIMD2(point.x, point.y) / point.z + centre
  }
}
