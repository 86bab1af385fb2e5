import Completion
import DepthPipeline
import Geometry
import ImageBuffers
import Preprocessing
import Quantities
import Testing

@Suite struct RangeStageTests {
  private static let size = ImageSize(width: 320, height: 240)
  private static let networkSize = ImageSize(width: 160, height: 96)

  private func calibration(_ rectification: [Double] = RigidTransform.identity.rotation) -> CameraCalibration
  {
    CameraCalibration(
      name: "front", intrinsics: CameraIntrinsics(fx: 200, fy: 200, cx: 159.5, cy: 119.5, size: Self.size),
      rectification: rectification)
  }

  private func stage(
    _ calibration: CameraCalibration?, _ settings: RangeSettings = RangeSettings()
  ) throws -> (stage: RangeStage, grid: PublishedGrid) {
    let grid = try PublishedGrid(capturedSize: Self.size, calibration: calibration, size: Self.networkSize)
    return (RangeStage(grid: grid, settings: settings), grid)
  }

  private func bytes(_ points: [SIMD3<Double>]) -> [UInt8] {
    points.flatMap { [Float($0.x), Float($0.y), Float($0.z)] }.withUnsafeBytes { [UInt8]($0) }
  }

  private func all(_ stage: RangeStage) -> [Int: Float] {
    var found: [Int: Float] = [:]
    for place in 0..<stage.points.count {
      let point = stage.points.point(place)
      found[point.pixel] = point.depth
    }
    return found
  }

  /// The two doors lead to one place: a scan of a sensor beside the camera, and the same points as the camera's own.
  @Test(arguments: [0.0, 0.2])
  func
    `a sensor's scan and the source's pixels of the same points agree, through a calibration that turns the image`(
      turn: Double
    ) throws
  {
    let rectification = RigidTransform(
      quaternion: SIMD4(0, Double.sine(turn / 2), 0, Double.cosine(turn / 2)), translation: .zero)
    let calibration = calibration(rectification.rotation)
    var settings = RangeSettings()
    settings.farthestMeters = 50
    let (scanned, grid) = try stage(calibration, settings)
    let (seen, _) = try stage(calibration, settings)
    #expect(scanned.canProject)
    let cameraFromSensor = RigidTransform(
      rotation: [0, -1, 0, 0, 0, -1, 1, 0, 0], translation: SIMD3(0.01, 0.02, 0.0))
    var points: [SIMD3<Double>] = []
    var pixels: [RangePixel] = []
    for row in stride(from: 4, to: 240, by: 16) {
      for column in stride(from: 4, to: 320, by: 16) {
        let depth = 3 + Double(column + row) / 40
        let ray = calibration.intrinsics.unproject(u: Double(column), v: Double(row))
        points.append(cameraFromSensor.inverse.apply(SIMD3(ray.x * depth, ray.y * depth, depth)))
        pixels.append(RangePixel(u: Float(column), v: Float(row), depthMeters: Float(depth)))
      }
    }
    bytes(points).withUnsafeBytes {
      scanned.add(
        xyz: $0, gridFromSensor: scanned.gridFromCamera * cameraFromSensor, ageNanoseconds: 7_000_000)
    }
    scanned.settle([])
    seen.settle(pixels)
    #expect(scanned.report.counts == seen.report.counts && seen.report.counts.kept > 100)
    #expect(scanned.report.counts.received == points.count)
    #expect(scanned.report.ageNanoseconds == 7_000_000 && seen.report.ageNanoseconds == 0)
    let (ours, theirs) = (all(scanned), all(seen))
    #expect(Set(ours.keys) == Set(theirs.keys))
    for (pixel, depth) in ours { #expect(abs(depth - (theirs[pixel] ?? 0)) < 1e-4) }
    // Against the grid's own geometry.
    let k = try #require(grid.intrinsics)
    for (pixel, depth) in ours {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: Self.networkSize.width)
      let ray = k.unproject(u: Double(column), v: Double(row))
      let inCamera = rectification.inverse.apply(SIMD3(ray.x, ray.y, 1) * Double(depth))
      let place = calibration.intrinsics.project(x: inCamera.x / inCamera.z, y: inCamera.y / inCamera.z)
      let expected = 3 + (place.u.rounded() + place.v.rounded()) / 40
      #expect(abs(inCamera.z - expected) < 0.1, "half a pixel of the grid is 1 or 2 of the image")
    }
  }

  /// Nearer than three centimetres a sensor sees what the camera sees, and what lies between nearer points stays.
  @Test(arguments: [(0.02, 0), (0.1, 1)])
  func `only a sensor beside the camera sees past what the camera sees`(offset: Double, occluded: Int) throws
  {
    let (stage, grid) = try stage(calibration())
    let k = try #require(grid.intrinsics)
    let gridFromSensor = RigidTransform(
      rotation: RigidTransform.identity.rotation, translation: SIMD3(0, offset, 0))
    func seen(_ u: Double, _ v: Double, _ depth: Double) -> SIMD3<Double> {
      let ray = k.unproject(u: u, v: v)
      return gridFromSensor.inverse.apply(SIMD3(ray.x, ray.y, 1) * depth)
    }
    // A fence, and a point of what lies behind it.
    var points = stride(from: 40.0, to: 80, by: 4).map { seen($0, 40, 5) }
    points.append(seen(58, 41, 20))
    bytes(points).withUnsafeBytes {
      stage.add(xyz: $0, gridFromSensor: gridFromSensor, ageNanoseconds: 0)
    }
    stage.settle([])
    #expect(stage.report.counts.occluded == occluded)
    #expect(stage.points.count == points.count - occluded && stage.report.counts.received == points.count)
    // The next frame's sensor is judged by its own place.
    bytes(points).withUnsafeBytes { stage.add(xyz: $0, gridFromSensor: .identity, ageNanoseconds: 0) }
    stage.settle([])
    #expect(stage.report.counts.occluded == 0)
  }

  @Test func `points count for one frame`() throws {
    let (stage, _) = try stage(calibration())
    let pixel = RangePixel(u: 160, v: 120, depthMeters: 5)
    stage.settle([pixel])
    #expect(stage.points.count == 1)
    stage.settle([])
    #expect(stage.points.count == 0 && stage.report == RangeReport())
  }

  @Test func `what the source measured is left out when it is not asked for`() throws {
    var settings = RangeSettings()
    settings.usesSource = false
    let (stage, _) = try stage(calibration(), settings)
    stage.settle([RangePixel(u: 160, v: 120, depthMeters: 5)])
    #expect(stage.points.count == 0 && stage.report == RangeReport())
  }

  @Test func `without a calibration the source's points go where its pixels go, and scans nowhere`() throws {
    let (stage, grid) = try stage(nil)
    #expect(!stage.canProject)
    bytes([SIMD3(0, 0, 5)]).withUnsafeBytes {
      stage.add(xyz: $0, gridFromSensor: .identity, ageNanoseconds: 0)
    }
    stage.settle([
      RangePixel(u: 100, v: 80, depthMeters: 5), RangePixel(u: 0, v: -200, depthMeters: 5),
      RangePixel(u: 3, v: 120, depthMeters: .infinity), RangePixel(u: 3, v: 120, depthMeters: 0.1),
    ])
    let place = try #require(grid.gridPixel(capturedU: 100, v: 80))
    #expect(stage.points[Int(place.v.rounded()), Int(place.u.rounded())] == 5)
    let counts = stage.report.counts
    #expect(counts.kept == 1 && counts.outside == 1 && counts.tooNear == 1 && counts.notFinite == 1)
  }
}

extension Double {
  fileprivate static func sine(_ x: Double) -> Double { x - x * x * x / 6 + x * x * x * x * x / 120 }
  fileprivate static func cosine(_ x: Double) -> Double { (1 - sine(x) * sine(x)).squareRoot() }
}
