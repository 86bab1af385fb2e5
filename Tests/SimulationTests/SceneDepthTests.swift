import Geometry
import ImageBuffers
import Quantities
import Simulation
import TestSupport
import Testing

/// Depth that the renderer finds, against independent answers.
@Suite struct SceneDepthTests {
  private static let size = ImageSize(width: 120, height: 90)

  private func calibration(_ distortion: LensDistortion = .none) -> CameraCalibration {
    CameraCalibration(
      name: "test",
      intrinsics: CameraIntrinsics(fx: 80, fy: 82, cx: 58.5, cy: 46.25, size: Self.size),
      distortion: distortion)
  }

  private func depth(
    of scene: Scene, _ calibration: CameraCalibration
  ) throws -> Plane<Float> {
    let renderer = SceneRenderer(rays: CameraRays(calibration))
    var image = RGBImage(size: Self.size)
    var depth: Plane<Float>? = Plane(width: Self.size.width, height: Self.size.height)
    renderer.render(
      scene, sensor: PixelSensor(), executor: SerialExecutor(), into: &image, trueDepth: &depth)
    guard let found = depth.take() else { throw TestFailure("the renderer lost the depth plane") }
    return found
  }

  private static let grey = Material(.plain, Vector3(repeating: 0.5))

  static let solids: [Primitive] = [
    .sphere(center: Vector3(5, 0.4, 0.2), radius: 1.3, grey),
    .box(center: Vector3(6, -0.5, 0.1), size: Vector3(1.5, 2.2, 1.1), yaw: 0.6, grey),
    .capsule(from: Vector3(4, 1, -1), to: Vector3(6, -1.2, 1.4), radius: 0.4, grey),
    .cylinder(from: Vector3(3.5, 0.6, -0.9), to: Vector3(5, -0.8, 0.8), radius: 0.7, grey),
    .cylinder(from: Vector3(40, 2, -3), to: Vector3(40, 2, 5), radius: 0.3, grey),
    .capsule(from: Vector3(25, -2, -1), to: Vector3(25, -2, 0.6), radius: 0.2, grey),
  ]

  @Test(arguments: solids.indices)
  func `a solid is as far as a walk along the ray says`(index: Int) throws {
    let solid = Self.solids[index]
    var scene = Scene()
    scene.floorHeight = -1000
    scene.primitives = [solid]
    let calibration = calibration()
    let found = try depth(of: scene, calibration)
    var hits = 0
    var disagreements = 0
    for y in 0..<Self.size.height {
      for x in 0..<Self.size.width {
        let ray = calibration.intrinsics.unproject(u: Double(x), v: Double(y))
        let direction = SIMD3(1, -ray.x, -ray.y)
        let expected = NaiveScene.distance(along: direction, to: solid)
        let seen = Double(found.row(y)[x])
        if let expected, seen < 300 {
          hits += 1
          #expect(abs(seen - expected) < 2e-3 * expected, "pixel \(x), \(y)")
        } else if (expected != nil) != (seen < 300) {
          disagreements += 1
        }
      }
    }
    #expect(hits > 3)
    // Only rays that graze the outline may be judged differently.
    #expect(disagreements <= 2 + hits / 50)
  }

  @Test
  func `the floor through a bent lens lies where the lens model says`() throws {
    let lens = LensDistortion.plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0)
    let calibration = calibration(lens)
    var scene = Scene()
    scene.floorHeight = -0.7
    let found = try depth(of: scene, calibration)
    for y in 0..<Self.size.height {
      for x in 0..<Self.size.width {
        let seen = calibration.intrinsics.unproject(u: Double(x), v: Double(y))
        let ideal = try #require(lens.undistort(x: seen.x, y: seen.y))
        let depth = Double(found.row(y)[x])
        if ideal.y > 0.01 {
          #expect(abs(depth - 0.7 / ideal.y) < 1e-4 * depth)
        } else if ideal.y < -0.01 {
          #expect(depth == .infinity)
        }
      }
    }
  }

  @Test
  func `the nearer of two solids hides the other`() throws {
    var scene = Scene()
    scene.floorHeight = -1000
    scene.primitives = [
      .sphere(center: Vector3(10, 0, 0), radius: 3, Self.grey),
      .box(center: Vector3(4, 0, 0), size: Vector3(0.2, 0.5, 0.5), Self.grey),
    ]
    let found = try depth(of: scene, calibration())
    #expect(abs(found.row(46)[58] - 3.9) < 1e-4)
    #expect(found.row(46)[78] > 6.9)
  }

  @Test
  func `a solid behind the camera or around it is not drawn in front`() throws {
    var scene = Scene()
    scene.floorHeight = -1000
    scene.primitives = [
      .sphere(center: Vector3(-5, 0, 0), radius: 2, Self.grey),
      .box(center: Vector3(0, 0, 0), size: Vector3(4, 4, 4), Self.grey),
    ]
    let found = try depth(of: scene, calibration())
    #expect(found.row(10)[10] == .infinity)
  }
}
