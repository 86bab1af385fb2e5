import Geometry
import Glibc
import Quantities
import TestSupport
import Testing

@Suite struct SurfaceFitTests {
  private let lens = CameraIntrinsics(
    fx: 210, fy: 210, cx: 127.5, cy: 63.5, size: ImageSize(width: 256, height: 128))

  /// Depth of a surface at each pixel; NaN where it is not seen.
  private func depth(_ surface: FlatSurface, u: Int, v: Int) -> Float {
    let ray = lens.unproject(u: Double(u), v: Double(v))
    return surface.depth(x: ray.x, y: ray.y).map { Float($0) } ?? .nan
  }

  static let mounts = [
    CameraMount(heightMeters: 0.2, pitchRadians: 0), CameraMount(heightMeters: 0.62, pitchRadians: 0.14),
    CameraMount(heightMeters: 1.65, pitchRadians: -0.02, rollRadians: 0.05),
    CameraMount(heightMeters: 3, pitchRadians: 0.6, rollRadians: -0.1),
  ]

  @Test(arguments: mounts) func `a mount is found again from its ground`(_ mount: CameraMount) {
    let again = CameraMount(ground: mount.ground)
    #expect(abs(again.heightMeters - mount.heightMeters) < 1e-12)
    #expect(abs(again.pitchRadians - mount.pitchRadians) < 1e-12)
    #expect(abs(again.rollRadians - mount.rollRadians) < 1e-12)
  }

  @Test(arguments: mounts) func `height and pitch are measured on exact depth`(_ mount: CameraMount) throws {
    let ground = mount.ground
    let view = try #require(GroundView(intrinsics: lens) { u, v in depth(ground, u: u, v: v) })
    #expect(abs(view.mount.heightMeters - mount.heightMeters) < 1e-3 * mount.heightMeters)
    #expect(abs(view.mount.pitchRadians - mount.pitchRadians) < 1e-3)
    #expect(abs(view.mount.rollRadians - mount.rollRadians) < 1e-3)
  }

  @Test func `noise and obstacles on a third of the floor do not matter`() throws {
    let mount = CameraMount(heightMeters: 0.8, pitchRadians: 0.2)
    let ground = mount.ground
    var random = SeededGenerator(seed: 7)
    let view = try #require(
      GroundView(intrinsics: lens) { u, v in
        let exact = depth(ground, u: u, v: v)
        // A box that stands on the right side.
        if u > 170 { return 1.2 }
        return exact * (1 + 0.01 * Float.random(in: -1...1, using: &random))
      })
    #expect(abs(view.mount.heightMeters - 0.8) < 0.016)
    #expect(abs(view.mount.pitchRadians - 0.2) < 0.02)
    #expect(view.groundShare < 0.9)
  }

  @Test func `a wall in front is no ground`() {
    #expect(GroundView(intrinsics: lens) { _, _ in 2 } == nil)
  }

  @Test func `nothing seen is no ground`() {
    #expect(GroundView(intrinsics: lens) { _, _ in .nan } == nil)
    #expect(GroundView(intrinsics: lens) { _, _ in .infinity } == nil)
  }

  @Test func `points without a common surface have none`() {
    var random = SeededGenerator(seed: 1)
    let points = (0..<2000).map { _ in
      SIMD3(
        Double.random(in: -3...3, using: &random), Double.random(in: -3...3, using: &random),
        Double.random(in: 1...9, using: &random))
    }
    var settings = SurfaceFit.Settings()
    settings.smallestShare = 0.5
    #expect(SurfaceFit(points, settings: settings) == nil)
  }

  @Test func `too few points, or points on a line, are no surface`() {
    #expect(SurfaceFit([SIMD3(0, 1, 2)]) == nil)
    #expect(SurfaceFit((0..<500).map { SIMD3(Double($0), 1, 2) }) == nil)
  }

  @Test func `the same points give the same surface`() {
    var random = SeededGenerator(seed: 3)
    let points = (0..<500).map { _ in
      SIMD3(Double.random(in: -1...1, using: &random), 1 + Double.random(in: 0...0.01, using: &random), 3)
    }
    #expect(SurfaceFit(points)?.surface == SurfaceFit(points)?.surface)
  }
}
