import Geometry
import Preprocessing
import Quantities
import Testing

@Suite struct PublishedGridTests {
  static let captured = ImageSize(width: 640, height: 480)
  static let lenses: [LensDistortion] = [
    .none,
    .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0),
    .rationalPolynomial(
      k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0.01, k4: 0.02, k5: 0.003, k6: -0.001),
    .equidistant(k1: -0.02, k2: 0.005, k3: -0.001, k4: 0.0002),
  ]

  static func calibration(_ distortion: LensDistortion) -> CameraCalibration {
    CameraCalibration(
      name: "test",
      intrinsics: CameraIntrinsics(fx: 420, fy: 418, cx: 317.5, cy: 244.25, size: captured),
      distortion: distortion,
      rectifiedIntrinsics: CameraIntrinsics(fx: 400, fy: 405, cx: 322, cy: 236, size: captured))
  }

  @Test(arguments: lenses, ImageFit.allCases)
  func `a point seen by the raw camera lands where the published intrinsics project it`(
    _ lens: LensDistortion, _ fit: ImageFit
  ) throws {
    let calibration = Self.calibration(lens)
    for (width, height) in [(416, 128), (256, 192), (192, 256), (640, 480)] {
      let grid = try PublishedGrid(
        capturedSize: Self.captured, calibration: calibration,
        size: ImageSize(width: width, height: height), fit: fit, verticalOffset: 0.4)
      let published = try #require(grid.intrinsics)
      #expect(published.size == grid.size)
      for (x, y, z) in [(0.3, -0.2, 2.0), (-1.1, 0.4, 3.0), (0, 0, 1), (2.0, 1.0, 7.5)] {
        let bent = lens.distort(x: x / z, y: y / z)
        let raw = calibration.intrinsics.project(x: bent.x, y: bent.y)
        let expected = published.project(x: x / z, y: y / z)
        let found = try #require(grid.gridPixel(capturedU: raw.u, v: raw.v))
        #expect(abs(found.u - expected.u) < 1e-6 && abs(found.v - expected.v) < 1e-6)
        let back = grid.capturedPixel(u: expected.u, v: expected.v)
        #expect(back.isVisible && abs(back.u - raw.u) < 1e-6 && abs(back.v - raw.v) < 1e-6)
      }
    }
  }

  @Test func `cropping keeps angles, stretching keeps the whole image`() throws {
    let calibration = CameraCalibration(
      name: "test", intrinsics: CameraIntrinsics(fx: 420, fy: 420, cx: 319.5, cy: 239.5, size: Self.captured))
    let size = ImageSize(width: 416, height: 128)
    let cropped = try PublishedGrid(
      capturedSize: Self.captured, calibration: calibration, size: size, fit: .crop)
    let intrinsics = try #require(cropped.intrinsics)
    #expect(abs(intrinsics.fx - intrinsics.fy) < 1e-9)
    #expect(abs(intrinsics.cx - 207.5) < 1e-9 && abs(intrinsics.cy - 63.5) < 1e-9)
    let stretched = try PublishedGrid(
      capturedSize: Self.captured, calibration: calibration, size: size, fit: .stretch)
    #expect(stretched.intrinsics == calibration.intrinsics.scaled(to: size))
    #expect(stretched.window == .whole(of: Self.captured))
  }

  @Test(arguments: [(-1.0, 0.0), (0.0, 0.5), (1.0, 1.0)])
  func `the vertical offset moves the window from the top to the bottom`(_ offset: Double, _ share: Double) {
    let window = ImageWindow.largest(aspectRatio: 4, in: Self.captured, verticalOffset: offset)
    #expect(window.x == 0 && window.width == 640 && window.height == 160)
    #expect(abs(window.y - share * 320) < 1e-9)
    let upright = ImageWindow.largest(aspectRatio: 0.5, in: Self.captured, verticalOffset: offset)
    #expect(upright == ImageWindow(x: 200, y: 0, width: 240, height: 480))
  }

  @Test func `a calibration of another resolution but the same shape is scaled`() throws {
    let big = CameraCalibration(
      name: "big",
      intrinsics: CameraIntrinsics(
        fx: 840, fy: 840, cx: 639.5, cy: 479.5, size: ImageSize(width: 1280, height: 960)))
    let grid = try PublishedGrid(
      capturedSize: Self.captured, calibration: big, size: Self.captured)
    let intrinsics = try #require(grid.intrinsics)
    #expect(abs(intrinsics.fx - 420) < 1e-9 && abs(intrinsics.cx - 319.5) < 1e-9)
  }

  @Test func `a calibration of another shape is refused naming both sizes`() throws {
    let error = #expect(throws: GeometryError.self) {
      try PublishedGrid(
        capturedSize: ImageSize(width: 1280, height: 720), calibration: Self.calibration(.none),
        size: Self.captured)
    }
    let text = try #require(error).description
    #expect(text.contains("640x480") && text.contains("1280x720"))
  }
}
