import Geometry
import Quantities
import Testing

@Suite struct GeometryTests {
  static let lenses: [LensDistortion] = [
    .none,
    .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0),
    .rationalPolynomial(
      k1: 0.3, k2: -0.1, p1: 0.001, p2: -0.0005, k3: 0.02, k4: 0.4, k5: -0.05, k6: 0.01),
    .equidistant(k1: -0.02, k2: 0.005, k3: -0.001, k4: 0.0002),
  ]

  @Test(arguments: lenses) func `undistorting undoes distorting`(_ lens: LensDistortion) throws {
    for x in stride(from: -0.7, through: 0.7, by: 0.1) {
      for y in stride(from: -0.5, through: 0.5, by: 0.1) {
        let bent = lens.distort(x: x, y: y)
        let ideal = try #require(lens.undistort(x: bent.x, y: bent.y))
        #expect(abs(ideal.x - x) < 1e-8 && abs(ideal.y - y) < 1e-8)
      }
    }
  }

  @Test func `scaling intrinsics moves pixel edges, not pixel centres`() {
    let full = CameraIntrinsics(
      fx: 500, fy: 500, cx: 319.5, cy: 239.5, size: ImageSize(width: 640, height: 480))
    let half = full.scaled(to: ImageSize(width: 320, height: 240))
    #expect(half.fx == 250 && half.cx == 159.5 && half.cy == 119.5)
    #expect(abs(half.fieldOfView.horizontal - full.fieldOfView.horizontal) < 1e-12)
    let back = half.scaled(to: full.size)
    #expect(abs(back.cx - full.cx) < 1e-12 && abs(back.fy - full.fy) < 1e-12)
  }

  @Test func `a window of an image keeps its rays`() {
    let full = CameraIntrinsics(
      fx: 500, fy: 480, cx: 320, cy: 250, size: ImageSize(width: 640, height: 480))
    let window = full.cropped(x: 100, y: 40, to: ImageSize(width: 200, height: 100))
    let ray = full.unproject(u: 150, v: 90)
    let pixel = window.project(x: ray.x, y: ray.y)
    #expect(abs(pixel.u - 50) < 1e-12 && abs(pixel.v - 50) < 1e-12)
  }

  @Test func `a transform times its inverse is the identity`() {
    // 90 degrees about z, then a shift.
    let bFromA = RigidTransform(
      rotation: [0, -1, 0, 1, 0, 0, 0, 0, 1], translation: SIMD3(1, 2, 3))
    #expect(bFromA.apply(SIMD3(1, 0, 0)) == SIMD3(1, 3, 3))
    let identity = bFromA.inverse * bFromA
    #expect(identity.apply(SIMD3(4, 5, 6)) == SIMD3(4, 5, 6))
    #expect((bFromA * bFromA.inverse).apply(SIMD3(-4, 5, 0.5)) == SIMD3(-4, 5, 0.5))
  }

  @Test func `a calibration accepts one pixel of rounding in its shape and no more`() throws {
    let intrinsics = CameraIntrinsics(
      fx: 900, fy: 900, cx: 640, cy: 360, size: ImageSize(width: 1280, height: 720))
    let calibration = CameraCalibration(name: "front", intrinsics: intrinsics)
    #expect(try calibration.scaled(to: ImageSize(width: 640, height: 360)).intrinsics.fx == 450)
    #expect(try calibration.scaled(to: ImageSize(width: 854, height: 480)).size.width == 854)
    #expect(throws: GeometryError.self) { try calibration.scaled(to: ImageSize(width: 848, height: 480)) }
    #expect(throws: GeometryError.self) { try calibration.scaled(to: ImageSize(width: 640, height: 480)) }
  }
}
