import Foundation
import Geometry
import ImageBuffers
import Odometry
import Quantities
import Scale

/// A textured floor, ceiling, two walls and an end wall, seen by a camera that drives through them: exact depth,
/// exact motion.
struct SyntheticRoom {
  static let size = ImageSize(width: 256, height: 96)
  static let intrinsics = CameraIntrinsics(fx: 170, fy: 170, cx: 127.5, cy: 40, size: size)
  static let mount = CameraMount(heightMeters: 0.6, pitchRadians: 0)

  /// Camera position and pitch in room axes: x right, y down, z forward.
  struct Pose {
    var x = 0.0
    var z = 0.0
    /// Left turn and downward tilt, radians.
    var heading = 0.0
    var pitch = 0.0

    /// Maps points of the camera's axes to the room's.
    var roomFromCamera: RigidTransform {
      let (c, s) = (cos(heading), sin(heading))
      let (cp, sp) = (cos(pitch), sin(pitch))
      let turn = RigidTransform(rotation: [c, 0, -s, 0, 1, 0, s, 0, c], translation: SIMD3(x, 0, z))
      let tilt = RigidTransform(rotation: [1, 0, 0, 0, cp, sp, 0, -sp, cp], translation: .zero)
      return turn * tilt
    }
  }

  /// A poster before the end wall that moves with the camera, as a share of the image's width; 0 = none.
  var companion = 0.0
  var gain: Float = 1
  /// Contrast of the floor's texture; 0.04 is a few grey steps, with no corner in it.
  var floorContrast: Float = 1
  /// So many upper rows show nothing, as a clear sky does.
  var bareRows = 0

  /// The network's input planes and the true depth of one view.
  func view(_ pose: Pose) -> (image: [Float], depth: [Float]) {
    let count = Self.size.pixelCount
    var image = [Float](repeating: 0, count: 3 * count)
    var depth = [Float](repeating: .nan, count: count)
    let roomFromCamera = pose.roomFromCamera
    for v in 0..<Self.size.height {
      for u in 0..<Self.size.width {
        let ray = Self.intrinsics.unproject(u: Double(u), v: Double(v))
        let index = v * Self.size.width + u
        var hit = Self.hit(roomFromCamera, ray)
        if abs(ray.x) < companion * 0.75 {
          // Moves with the camera: always 2 m ahead.
          hit = (2, SIMD2(ray.x * 2 + 50, ray.y * 2))
        }
        let isFloor = ray.y > 0 && abs(hit.depth * ray.y - 0.6) < 1e-6
        let contrast: Float = v < bareRows ? 0 : isFloor ? floorContrast : 1
        let value = gain * contrast * Self.texture(hit.place)
        for channel in 0..<3 { image[channel * count + index] = value }
        depth[index] = Float(hit.depth)
      }
    }
    return (image, depth)
  }

  /// Depth and texture place where a ray meets the nearest surface.
  private static func hit(
    _ roomFromCamera: RigidTransform, _ ray: (x: Double, y: Double)
  ) -> (depth: Double, place: SIMD2<Double>) {
    let origin = roomFromCamera.translation
    let direction = roomFromCamera.rotate(SIMD3(ray.x, ray.y, 1))
    var best = (depth: Double.infinity, place: SIMD2<Double>.zero)
    func meet(_ t: Double, _ place: (SIMD3<Double>) -> SIMD2<Double>) {
      if t > 0.05, t < best.depth { best = (t, place(origin + t * direction)) }
    }
    meet((0.6 - origin.y) / direction.y) { SIMD2($0.x, $0.z) }
    meet((-1.4 - origin.y) / direction.y) { SIMD2($0.x + 7, $0.z) }
    meet((-1.5 - origin.x) / direction.x) { SIMD2($0.z + 13, $0.y) }
    meet((1.8 - origin.x) / direction.x) { SIMD2($0.z + 29, $0.y) }
    meet((9 - origin.z) / direction.z) { SIMD2($0.x + 41, $0.y) }
    return best
  }

  /// Smooth noise of three scales, about -1 ... 1.
  private static func texture(_ place: SIMD2<Double>) -> Float {
    var sum = 0.0
    for (frequency, weight) in [(2.1, 0.5), (5.3, 0.35), (11.7, 0.15)] {
      sum += weight * noise(place * frequency)
    }
    return Float(2 * sum)
  }

  private static func noise(_ p: SIMD2<Double>) -> Double {
    let cell = p.rounded(.down)
    let f = p - cell
    let u = f * f * (SIMD2(repeating: 3) - 2 * f)
    func corner(_ x: Double, _ y: Double) -> Double {
      var hash = UInt64(bitPattern: Int64(cell.x + x)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= UInt64(bitPattern: Int64(cell.y + y)) &* 0xbf58_476d_1ce4_e5b9
      hash ^= hash >> 31
      hash = hash &* 0x94d0_49bb_1331_11eb
      return Double((hash ^ (hash >> 29)) >> 11) / Double(1 << 53) - 0.5
    }
    let top = corner(0, 0) + u.x * (corner(1, 0) - corner(0, 0))
    let bottom = corner(0, 1) + u.x * (corner(1, 1) - corner(0, 1))
    return top + u.y * (bottom - top)
  }
}
