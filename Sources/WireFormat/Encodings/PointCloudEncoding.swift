public import Geometry
public import ImageBuffers
import Quantities

/// Depth to an organised point cloud in the optical frame, metres, in the layout of ROS `PointCloud2`.
///
/// X = (u - cx) Z / fx, Y = (v - cy) Z / fy. A pixel without finite depth is (NaN, NaN, NaN); the cloud keeps
/// the image's shape.
public enum PointCloudEncoding {
  /// 16 bytes per point: x, y, z, padding.
  /// - Precondition: `intrinsics` belong to the depth's own grid.
  public static func encodeXYZ(
    _ depth: borrowing Plane<Float>, intrinsics: CameraIntrinsics, into payload: inout ByteWriter
  ) {
    check(depth, intrinsics)
    let target = payload.resize(to: depth.width * depth.height * 16)
    guard let start = target.baseAddress?.assumingMemoryBound(to: SIMD4<Float>.self) else { return }
    let rays = Rays(intrinsics)
    for y in 0..<depth.height {
      let source = depth.baseAddress + y * depth.rowStride
      let row = start + y * depth.width
      for x in 0..<depth.width { row[x] = rays.point(x: x, y: y, depth: source[x]) }
    }
  }

  /// 32 bytes per point: x, y, z, padding, colour as 0x00RRGGBB in the bits of a float, padding.
  /// - Precondition: `intrinsics` and `image` belong to the depth's own grid.
  public static func encodeXYZRGB(
    _ depth: borrowing Plane<Float>, image: borrowing RGBImage, intrinsics: CameraIntrinsics,
    into payload: inout ByteWriter
  ) {
    check(depth, intrinsics)
    precondition(
      image.size.width == depth.width && image.size.height == depth.height, "image and depth differ in size")
    let target = payload.resize(to: depth.width * depth.height * 32)
    guard let start = target.baseAddress?.assumingMemoryBound(to: SIMD4<Float>.self) else { return }
    let rays = Rays(intrinsics)
    for y in 0..<depth.height {
      let source = depth.baseAddress + y * depth.rowStride
      let colors = image.bytes.baseAddress + y * image.bytes.rowStride
      let row = start + y * depth.width * 2
      for x in 0..<depth.width {
        let red = UInt32(colors[3 * x])
        let green = UInt32(colors[3 * x + 1])
        let blue = UInt32(colors[3 * x + 2])
        row[2 * x] = rays.point(x: x, y: y, depth: source[x])
        row[2 * x + 1] = SIMD4(Float(bitPattern: red << 16 | green << 8 | blue), 0, 0, 0)
      }
    }
  }

  private static func check(_ depth: borrowing Plane<Float>, _ intrinsics: CameraIntrinsics) {
    precondition(
      intrinsics.size.width == depth.width && intrinsics.size.height == depth.height,
      "intrinsics and depth differ in size")
  }

  private struct Rays {
    let cx: Float
    let cy: Float
    let inverseFx: Float
    let inverseFy: Float

    init(_ k: CameraIntrinsics) {
      cx = Float(k.cx)
      cy = Float(k.cy)
      inverseFx = Float(1 / k.fx)
      inverseFy = Float(1 / k.fy)
    }

    @inline(__always)
    func point(x: Int, y: Int, depth: Float) -> SIMD4<Float> {
      let z = depth < .infinity ? depth : .nan
      return SIMD4((Float(x) - cx) * inverseFx * z, (Float(y) - cy) * inverseFy * z, z, 0)
    }
  }
}
