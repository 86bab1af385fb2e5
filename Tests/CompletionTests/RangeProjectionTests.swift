import Completion
import Geometry
import Quantities
import TestSupport
import Testing

@Suite struct RangeProjectionTests {
  private static let size = ImageSize(width: 64, height: 32)
  private let intrinsics = CameraIntrinsics(fx: 40, fy: 40, cx: 31.5, cy: 15.5, size: size)
  private var projection: RangeProjection {
    RangeProjection(intrinsics: intrinsics, nearestMeters: 0.5, farthestMeters: 50)
  }
  /// A sensor 1 m above the camera with x forward, y left, z up.
  private let gridFromSensor = RigidTransform(
    rotation: [0, -1, 0, 0, 0, -1, 1, 0, 0], translation: SIMD3(0, -1, 0))

  private func bytes(_ points: [[Float]]) -> [UInt8] { points.flatMap { $0 }.withUnsafeBytes { [UInt8]($0) } }

  private func project(_ scan: [[Float]], into points: inout SparseDepth) -> RangeCounts {
    bytes(scan).withUnsafeBytes { projection.run(xyz: $0, gridFromSensor: gridFromSensor, into: &points) }
  }

  @Test func `a point lands on the pixel of its ray`() {
    var points = SparseDepth(size: Self.size)
    // 10 m ahead, 2 m to the left, 1 m below the sensor: the camera's own height.
    let counts = project([[10, 2, -1]], into: &points)
    #expect(counts.kept == 1 && counts.received == 1)
    #expect(points[16, 24] == 10, "u = 31.5 - 40 * 2 / 10, v = 15.5")
  }

  @Test func `every point is counted once, with the reason`() {
    var points = SparseDepth(size: Self.size)
    // One pixel: 10 m, then hidden behind it, then in front of it.
    let column: [[Float]] = [[10, 0, -1], [20, 0, -1], [5, 0, -1]]
    let broken: [[Float]] = [[.nan, 0, 0], [1, .infinity, 0]]
    let unseen: [[Float]] = [[-3, 0, 0], [0.1, 0, -1], [51, 0, -1], [3, 9, -1], [3, 0, 9]]
    let counts = project(column + broken + unseen, into: &points)
    #expect(counts.kept == 1 && counts.hidden == 2 && counts.notFinite == 2)
    #expect(counts.tooNear == 2 && counts.tooFar == 1 && counts.outside == 2)
    #expect(counts.received == 10)
    #expect(points.count == 1 && points[16, 32] == 5)
  }

  @Test func `the nearest of a pixel stays in any order`() {
    var random = SeededGenerator(seed: 3)
    let scan = (0..<4000).map { _ -> [Float] in
      [
        .random(in: 1...40, using: &random), .random(in: -9...9, using: &random),
        .random(in: -6...3, using: &random),
      ]
    }
    var forward = SparseDepth(size: Self.size)
    var shuffled = SparseDepth(size: Self.size)
    let counts = project(scan, into: &forward)
    #expect(project(scan.shuffled(using: &random), into: &shuffled) == counts)
    #expect(counts.received == scan.count && counts.kept == forward.count && counts.hidden > 0)
    for row in 0..<Self.size.height {
      for column in 0..<Self.size.width { #expect(forward[row, column] == shuffled[row, column]) }
    }
  }

  @Test
  func `a point between nearer ones or right beside one is hidden from the camera, one farther off is not`() {
    var points = SparseDepth(size: Self.size)
    var counts = RangeCounts()
    func insert(column: Int, row: Int, depth: Double) {
      let ray = intrinsics.unproject(u: Double(column), v: Double(row))
      projection.insert(SIMD3(ray.x * depth, ray.y * depth, depth), into: &points, &counts)
    }
    // A fence 5 m away with a point of the wall 20 m behind it, and one beside it.
    for column in stride(from: 10, to: 40, by: 4) { insert(column: column, row: 14, depth: 5) }
    insert(column: 24, row: 19, depth: 20)
    insert(column: 23, row: 17, depth: 20)
    insert(column: 28, row: 16, depth: 5.5)
    insert(column: 24, row: 13, depth: 20)
    insert(column: 45, row: 14, depth: 20)
    let filter = OcclusionFilter(size: Self.size)
    filter.run(&points, &counts)
    #expect(points[13, 24] == 0 && points[17, 23] == 0 && counts.occluded == 2)
    #expect(points[19, 24] == 20, "nothing nearer lies below it")
    #expect(points[16, 28] == 5.5, "the fence is not clearly nearer")
    #expect(points[14, 45] == 20 && points[14, 10] == 5)
    #expect(counts.kept == points.count && counts.received == 13)
  }

  /// The same fence lying on its side hides what is seen between its bars from above and below.
  @Test func `a point seen between nearer ones above and below is hidden too`() {
    var points = SparseDepth(size: Self.size)
    var counts = RangeCounts()
    func insert(column: Int, row: Int, depth: Double) {
      let ray = intrinsics.unproject(u: Double(column), v: Double(row))
      projection.insert(SIMD3(ray.x * depth, ray.y * depth, depth), into: &points, &counts)
    }
    for row in stride(from: 2, to: 30, by: 4) { insert(column: 30, row: row, depth: 5) }
    insert(column: 34, row: 16, depth: 20)
    insert(column: 29, row: 16, depth: 20)
    insert(column: 30, row: 31, depth: 20)
    let filter = OcclusionFilter(size: Self.size)
    filter.run(&points, &counts)
    #expect(points[16, 29] == 0 && counts.occluded == 1)
    #expect(points[16, 34] == 20, "nothing nearer lies to its right")
    #expect(points[31, 30] == 20 && points[2, 30] == 5)
    #expect(counts.kept == points.count && counts.received == 10)
  }

  @Test func `an empty scan is no error`() {
    var points = SparseDepth(size: Self.size)
    #expect(project([], into: &points).received == 0)
    points.clear()
    #expect(points.count == 0)
  }

  @Test func `completion begins at eighty points and ends below fifty`() {
    var gate = CompletionGate(fewestPoints: 50)
    let counts = [0, 79, 80, 50, 79, 49, 50, 79, 300, 0]
    #expect(
      counts.map { gate.admits($0) } == [false, false, true, true, true, false, false, false, true, false])
  }
}
