import Geometry
import ImageBuffers
import Preprocessing
import Quantities
import Testing

@Suite struct PreprocessorTests {
  static let size = ImageSize(width: 640, height: 480)
  static let intrinsics = CameraIntrinsics(fx: 420, fy: 420, cx: 319.5, cy: 239.5, size: size)
  static let plumbBob = LensDistortion.plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0)

  static func grid(
    _ calibration: CameraCalibration?, _ width: Int, _ height: Int, fit: ImageFit = .crop
  ) throws -> PublishedGrid {
    try PublishedGrid(
      capturedSize: size, calibration: calibration, size: ImageSize(width: width, height: height), fit: fit)
  }

  @Test func `a distorted frame gives OpenCV's undistorted and area-resized picture`() throws {
    let calibration = CameraCalibration(
      name: "test", intrinsics: Self.intrinsics, distortion: Self.plumbBob)
    let planes = preprocessed(smoothImage(640, 480), grid: try Self.grid(calibration, 256, 120))
    let golden: [(x: Int, y: Int, rgb: [Float])] = [
      (0, 0, [148.01, 119.58, 53.38]), (255, 0, [65.55, 113.38, 86.97]),
      (128, 60, [87.52, 155.12, 196.56]), (40, 100, [93.63, 63.49, 153.98]),
      (255, 119, [122.14, 174.94, 197.0]), (7, 53, [98.05, 60.79, 207.75]),
    ]
    for pixel in golden {
      // OpenCV samples twice (undistort, then resize) and so blurs a little more.
      for c in 0..<3 { #expect(abs(planes[pixel.x, pixel.y, c] - pixel.rgb[c]) < 0.5) }
    }
  }

  @Test(arguments: [(416, 128), (256, 192), (640, 480), (800, 600)])
  func `a lens without distortion gives the same picture through the table as by plain resizing`(
    _ width: Int, _ height: Int
  ) throws {
    let almostNone = LensDistortion.plumbBob(k1: 1e-12, k2: 0, p1: 0, p2: 0, k3: 0)
    let bent = CameraCalibration(name: "bent", intrinsics: Self.intrinsics, distortion: almostNone)
    let straight = CameraCalibration(name: "straight", intrinsics: Self.intrinsics)
    let image = patternImage(640, 480)
    let expected = preprocessed(image, grid: try Self.grid(straight, width, height))
    let found = preprocessed(image, grid: try Self.grid(bent, width, height))
    var worst: Float = 0
    for (a, b) in zip(found.values, expected.values) { worst = max(worst, abs(a - b)) }
    #expect(worst < 0.01)
  }

  @Test func `every table pixel is the naive mean of the box it maps to`() throws {
    let calibration = CameraCalibration(
      name: "test", intrinsics: Self.intrinsics, distortion: Self.plumbBob)
    let grid = try Self.grid(calibration, 208, 64)
    let image = patternImage(640, 480)
    let planes = preprocessed(image, grid: grid)
    for (x, y) in [(0, 0), (207, 63), (100, 31), (3, 60), (150, 5)] {
      let (u, v) = (Double(x), Double(y))
      let expected = naiveAreaMean(
        image, left: grid.capturedPixel(u: u - 0.5, v: v).u + 0.5,
        top: grid.capturedPixel(u: u, v: v - 0.5).v + 0.5,
        right: grid.capturedPixel(u: u + 0.5, v: v).u + 0.5,
        bottom: grid.capturedPixel(u: u, v: v + 0.5).v + 0.5, channel: 1)
      #expect(abs(Double(planes[x, y, 1]) - expected) < 0.01)
    }
  }

  @Test func `normalisation subtracts the mean and divides by the deviation of each channel`() throws {
    let image = makeImage(Self.size) { _, _, c in UInt8(51 * (c + 1)) }
    let normalization = InputNormalization(
      mean: SIMD3(0.485, 0.456, 0.406), standardDeviation: SIMD3(0.229, 0.224, 0.225))
    for distortion in [LensDistortion.none, Self.plumbBob] {
      let calibration = CameraCalibration(
        name: "test", intrinsics: Self.intrinsics, distortion: distortion)
      let planes = preprocessed(
        image, grid: try Self.grid(calibration, 96, 64), normalization: normalization)
      #expect(abs(planes[40, 30, 0] - (0.2 - 0.485) / 0.229) < 1e-5)
      #expect(abs(planes[40, 30, 1] - (0.4 - 0.456) / 0.224) < 1e-5)
      #expect(abs(planes[40, 30, 2] - (0.6 - 0.406) / 0.225) < 1e-5)
    }
  }

  @Test func `an uncalibrated camera keeps its picture and has no intrinsics`() throws {
    let grid = try Self.grid(nil, 256, 192)
    #expect(grid.intrinsics == nil)
    let image = patternImage(640, 480)
    #expect(preprocessed(image, grid: grid).values == resized(image, to: grid.size).values)
    let preprocessor = Preprocessor(grid: grid, normalization: .unit)
    #expect(preprocessor.validCount == grid.size.pixelCount)
  }

  @Test func `grid pixels without a source are marked and show the border's colour`() throws {
    // A wider rectified view than the lens delivers: P has a shorter focal length than K.
    let wide = CameraIntrinsics(fx: 210, fy: 210, cx: 319.5, cy: 239.5, size: Self.size)
    for distortion in [LensDistortion.none, Self.plumbBob] {
      let calibration = CameraCalibration(
        name: "wide", intrinsics: Self.intrinsics, distortion: distortion, rectifiedIntrinsics: wide)
      let grid = try Self.grid(calibration, 128, 96)
      let preprocessor = Preprocessor(grid: grid, normalization: .unit)
      #expect(preprocessor.validity.row(0)[0] == 0)
      #expect(preprocessor.validity.row(48)[64] == 1)
      #expect(preprocessor.validity.row(48)[0] == 0)
      var counted = 0
      for y in 0..<96 {
        let row = preprocessor.validity.row(y)
        for x in 0..<128 {
          let pixel = grid.capturedPixel(u: Double(x), v: Double(y))
          let inside = pixel.u >= -0.5 && pixel.u <= 639.5 && pixel.v >= -0.5 && pixel.v <= 479.5
          #expect((row[x] == 1) == (inside && pixel.isVisible))
          counted += Int(row[x])
        }
      }
      #expect(counted == preprocessor.validCount)
      if distortion == .none { #expect(counted == 64 * 48) }
      let image = makeImage(Self.size) { _, _, _ in 200 }
      for value in preprocessed(image, grid: grid).values { #expect(abs(value - 200) < 1e-3) }
    }
  }
}
