import Geometry
import ImageBuffers
import Quantities
import Simulation
import Testing

@Suite struct RangeScanTests {
  private let calibration = SimulationSettings.defaultCalibration(
    size: ImageSize(width: 320, height: 240), distorted: true)

  private func flatDepth(_ meters: Float) -> Plane<Float> {
    var depth = Plane<Float>(width: 320, height: 240)
    depth.fill(meters)
    return depth
  }

  private var grey: RGBImage { RGBImage(size: ImageSize(width: 320, height: 240)) }

  @Test
  func `points are the truth but for the stated noise`() {
    var scan = RangeScan(.points(4000), seed: 1)
    scan.outlierShare = 0
    let points = scan.measure(flatDepth(20), image: grey, calibration: calibration, frame: 0)
    let share = Double(points.count) / 4000
    #expect(abs(share - 0.92) < 0.03)
    let errors = points.map { Double($0.depthMeters) / 20 - 1 }
    let mean = errors.reduce(0, +) / Double(errors.count)
    let variance = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
    #expect(abs(mean) < 5e-4)
    #expect(abs(variance.squareRoot() - 0.005) < 5e-4)
  }

  @Test
  func `beams are lines of constant elevation through the bent lens`() {
    var scan = RangeScan(.beams(4), seed: 2)
    scan.dropoutShare = 0
    let points = scan.measure(flatDepth(10), image: grey, calibration: calibration, frame: 3)
    let k = calibration.intrinsics
    var elevations: Set<Int> = []
    for point in points {
      let seen = k.unproject(u: Double(point.x), v: Double(point.y))
      guard let ideal = calibration.distortion.undistort(x: seen.x, y: seen.y) else { continue }
      let slope = -ideal.y / (1 + ideal.x * ideal.x).squareRoot()
      let steps = [-0.42, -0.42 + 0.47 / 3, -0.42 + 0.94 / 3, 0.05]
      // A pixel is about 1/210 of a radian; its centre is at most 0.8 of one from the beam.
      let beam = steps.firstIndex { abs(slope - $0 / (1 - $0 * $0 / 3)) < 0.012 }
      #expect(beam != nil)
      if let beam { elevations.insert(beam) }
    }
    #expect(elevations.count == 4)
  }

  @Test
  func `sky and what is out of range give no return`() {
    let scan = RangeScan(.points(500), seed: 3)
    #expect(scan.measure(flatDepth(.infinity), image: grey, calibration: calibration, frame: 0).isEmpty)
    #expect(scan.measure(flatDepth(81), image: grey, calibration: calibration, frame: 0).isEmpty)
  }

  @Test
  func `corners are where squares meet, spread over the image`() {
    var image = RGBImage(size: ImageSize(width: 320, height: 240))
    for y in 0..<240 {
      var row = image.bytes.mutableRow(y)
      for x in 0..<960 { row[x] = (x / 120 + y / 40) % 2 == 0 ? 40 : 200 }
    }
    var scan = RangeScan(.corners(48), seed: 4)
    scan.dropoutShare = 0
    let points = scan.measure(flatDepth(5), image: image, calibration: calibration, frame: 0)
    #expect(points.count > 20 && points.count <= 48)
    for point in points {
      let (x, y) = (Double(point.x) + 0.5, Double(point.y) + 0.5)
      #expect(abs(x - (x / 40).rounded() * 40) <= 2 && abs(y - (y / 40).rounded() * 40) <= 2)
    }
    #expect(scan.measure(flatDepth(5), image: grey, calibration: calibration, frame: 0).isEmpty)
  }

  @Test(arguments: [1, 20_000], [(320, 240), (9, 200), (4000, 9)])
  func `any number of corners may be asked of any image`(count: Int, size: (Int, Int)) {
    let image = RGBImage(size: ImageSize(width: size.0, height: size.1))
    #expect(ImageCorners.find(in: image, atMost: count).isEmpty)
  }

  @Test(arguments: [RangeScan.Pattern.beams(16), .points(500)])
  func `half blind is the left half of the same scan`(pattern: RangeScan.Pattern) {
    let whole = RangeScan(pattern, seed: 5)
    var half = whole
    half.isHalfBlind = true
    let all = whole.measure(flatDepth(8), image: grey, calibration: calibration, frame: 2)
    let seen = half.measure(flatDepth(8), image: grey, calibration: calibration, frame: 2)
    #expect(seen == all.filter { $0.x < 160 } && !seen.isEmpty && seen.count < all.count)
  }
}
