import Geometry
import Quantities
import Testing

@Suite struct RectificationTests {
  static let size = ImageSize(width: 640, height: 480)
  static let K = CameraIntrinsics(fx: 420, fy: 420, cx: 319.5, cy: 239.5, size: size)
  static let P = CameraIntrinsics(fx: 400, fy: 405, cx: 322, cy: 236, size: size)
  static let R = [
    0.9995000583306112, -0.010297631831627843, -0.029893012156105903, 0.00969770182836127,
    0.9997500291653056, -0.020145316160805754, 0.030092988823861425, 0.01984535115917247,
    0.9993500758297945,
  ]
  static let pixels: [(u: Double, v: Double)] = [(0, 0), (639, 0), (320, 240), (100, 400), (639, 479)]

  struct Lens: Sendable {
    let distortion: LensDistortion
    let rotation: [Double]
    /// `initUndistortRectifyMap` at `pixels`; Tests/PreprocessingTests/golden_opencv.py prints them.
    let expected: [(Double, Double)]
  }

  static let lenses = [
    Lens(
      distortion: .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0),
      rotation: RigidTransform.identity.rotation,
      expected: [
        (51.7189, 45.9585), (583.5109, 45.4894), (317.4, 243.6481), (113.3398, 389.974),
        (582.9283, 439.2428),
      ]),
    Lens(
      distortion: .rationalPolynomial(
        k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0.01, k4: 0.02, k5: 0.003, k6: -0.001),
      rotation: R,
      expected: [
        (65.223, 59.0483), (590.0997, 50.435), (330.0829, 252.0073), (128.1329, 397.726),
        (596.2642, 444.2513),
      ]),
    Lens(
      distortion: .equidistant(k1: -0.02, k2: 0.005, k3: -0.001, k4: 0.0002),
      rotation: RigidTransform.identity.rotation,
      expected: [
        (56.168, 48.8817), (579.7258, 48.159), (317.4001, 243.648), (116.6149, 387.5287),
        (578.7198, 435.7548),
      ]),
  ]

  @Test(arguments: lenses) func `rectified pixels come from where OpenCV takes them`(_ lens: Lens) throws {
    let rectification = Rectification(
      CameraCalibration(
        name: "test", intrinsics: Self.K, distortion: lens.distortion, rectification: lens.rotation,
        rectifiedIntrinsics: Self.P))
    for (pixel, expected) in zip(Self.pixels, lens.expected) {
      let found = rectification.capturedPixel(rectifiedU: pixel.u, v: pixel.v)
      #expect(abs(found.u - expected.0) < 1e-3 && abs(found.v - expected.1) < 1e-3)
      let back = try #require(rectification.rectifiedPixel(capturedU: found.u, v: found.v))
      #expect(abs(back.u - pixel.u) < 1e-6 && abs(back.v - pixel.v) < 1e-6)
    }
  }

  @Test func `rays beyond the fold of the polynomial are invisible`() {
    // r (1 - 0.3 r^2) grows until r = 1 / sqrt(0.9).
    let lens = LensDistortion.plumbBob(k1: -0.3, k2: 0, p1: 0, p2: 0, k3: 0)
    #expect(abs(lens.monotonicRadius - 1.0541) < 2e-3)
    let rectification = Rectification(
      CameraCalibration(name: "test", intrinsics: Self.K, distortion: lens))
    let inside = rectification.capturedPixel(rectifiedU: 319.5 + 420 * 1.0, v: 239.5)
    let outside = rectification.capturedPixel(rectifiedU: 319.5 + 420 * 1.5, v: 239.5)
    #expect(inside.isVisible)
    #expect(!outside.isVisible)
    // Held at the outermost position instead of folding back.
    #expect(outside.u > inside.u)
  }

  @Test func `a lens that never folds has no limit`() {
    #expect(LensDistortion.none.monotonicRadius == .infinity)
    #expect(LensDistortion.equidistant(k1: 0, k2: 0, k3: 0, k4: 0).monotonicRadius == .infinity)
    #expect(LensDistortion.plumbBob(k1: 0.1, k2: 0, p1: 0, p2: 0, k3: 0).monotonicRadius == .infinity)
  }
}
