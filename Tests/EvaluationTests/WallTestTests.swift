import Evaluation
import Geometry
import ImageBuffers
import Quantities
import TestSupport
import Testing

@Suite struct WallTestTests {
  private let lens = CameraIntrinsics(
    fx: 210, fy: 210, cx: 127.5, cy: 63.5, size: ImageSize(width: 256, height: 128))

  private func wall(_ surface: FlatSurface, _ change: (Int, Int, Float) -> Float = { $2 }) -> Plane<Float> {
    let plane = Plane<Float>(width: 256, height: 128)
    for v in 0..<128 {
      for u in 0..<256 {
        let ray = lens.unproject(u: Double(u), v: Double(v))
        let z = surface.depth(x: ray.x, y: ray.y).map { Float($0) } ?? .nan
        plane.baseAddress[v * plane.rowStride + u] = change(u, v, z)
      }
    }
    return plane
  }

  private let straight = FlatSurface(normal: SIMD3(0, 0, 1), distanceMeters: 2)

  @Test func `a perfect wall is perfect`() throws {
    var test = WallTest(intrinsics: lens)
    for _ in 0..<3 { test.add(wall(straight)) }
    let result = try #require(test.result)
    #expect(result.frames == 3)
    #expect(result.fillRatio == 1)
    #expect(abs(result.distance - 2) < 1e-6)
    #expect((result.planeErrorRatio ?? 1) < 1e-6)
    #expect(result.planeShare == 1)
    #expect((result.tiltRadians ?? 1) < 1e-6)
    #expect(result.temporalNoiseRatio == 0)
  }

  @Test func `a slanted wall is as flat as a straight one`() throws {
    let normal = SIMD3(0.5, 0, 0.75.squareRoot())
    var test = WallTest(intrinsics: lens)
    test.add(wall(FlatSurface(normal: normal, distanceMeters: 2)))
    let result = try #require(test.result)
    #expect((result.planeErrorRatio ?? 1) < 1e-5)
    #expect(abs((result.tiltRadians ?? 0) - Double.pi / 6) < 1e-5)
    #expect(result.temporalNoiseRatio == nil)
  }

  @Test func `holes, bumps and trembling are told apart`() throws {
    var test = WallTest(intrinsics: lens)
    for frame in 0..<4 {
      let trembling: Float = frame.isMultiple(of: 2) ? 1.01 : 0.99
      test.add(
        wall(straight) { u, v, z in (u + v).isMultiple(of: 4) ? .nan : z * trembling * (u < 128 ? 1.01 : 0.99)
        })
    }
    let result = try #require(test.result)
    #expect(abs(result.fillRatio - 0.75) < 0.01)
    #expect(abs((result.temporalNoiseRatio ?? 0) - 0.01155) < 1e-4)
    let error = result.planeErrorRatio ?? 0
    // A plane can lean into a step, but not follow it.
    #expect(error > 0.003 && error < 0.011)
  }

  @Test func `a corner of a room is no wall, and nothing at all is no result`() throws {
    var corner = WallTest(intrinsics: lens)
    corner.add(wall(straight) { u, _, z in z * (1 + Float(abs(u - 128)) * 0.02) })
    #expect((try #require(corner.result).planeErrorRatio ?? 1) > 0.05)
    var empty = WallTest(intrinsics: lens)
    empty.add(wall(straight) { _, _, _ in .nan })
    #expect(empty.result == nil)
  }
}
