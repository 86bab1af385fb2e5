import DepthDaemon
import Quantities
import Testing
import WireFormat

@Suite struct SensorScanTests {
  private let time = MonotonicTime(nanoseconds: 5)

  private func points(_ scan: SensorScan) -> [SIMD3<Float>] {
    let floats = scan.bytes.bindMemory(to: Float.self)
    return (0..<scan.count).map { SIMD3(floats[3 * $0], floats[3 * $0 + 1], floats[3 * $0 + 2]) }
  }

  @Test func `points that are no numbers are left out and counted`() throws {
    let scan = SensorScan()
    let intake = try ScanMessage.points([
      SIMD3(1, 2, 3), SIMD3(.nan, 0, 0), SIMD3(0, .infinity, 0), SIMD3(4, 5, 6),
    ]).fill(scan, time: time)
    #expect(intake == SensorScan.Intake(received: 4, notFinite: 2))
    #expect(points(scan) == [SIMD3(1, 2, 3), SIMD3(4, 5, 6)] && scan.frame == "lidar" && scan.time == time)
  }

  @Test func `a depth image's pixels become points on their rays`() throws {
    let scan = SensorScan()
    let camera = "\"width\":2,\"height\":2,\"K\":[10,20,0.5,0.5]"
    let meters: [Float] = [2, .nan, 0, -1]
    var intake = try ScanMessage(
      "\"encoding\":\"32FC1\",\(camera)", payload: meters.withUnsafeBytes { Array($0) }
    ).fill(scan, time: time)
    #expect(intake == SensorScan.Intake(received: 2, notFinite: 1))
    #expect(points(scan) == [SIMD3(-0.1, -0.05, 2)])
    let millimeters: [UInt16] = [0, 0, 0, 4000]
    intake = try ScanMessage(
      "\"encoding\":\"16UC1\",\(camera)", payload: millimeters.withUnsafeBytes { Array($0) }
    ).fill(scan, time: time)
    #expect(intake == SensorScan.Intake(received: 1) && points(scan) == [SIMD3(0.2, 0.1, 4)])
  }

  @Test(arguments: [65_536, 65_537, 131_072, 200_000])
  func `too many points are thinned evenly, never refused`(count: Int) throws {
    let scan = SensorScan()
    // Some that are no numbers, which take nobody's place.
    var scene = (0..<count).map { SIMD3(Float($0), 0, 0) }
    scene += [SIMD3<Float>](repeating: SIMD3(.nan, 0, 0), count: 7)
    let intake = try ScanMessage.points(scene).fill(scan, time: time)
    let step = (count + SensorScan.mostPoints - 1) / SensorScan.mostPoints
    #expect(scan.count == (count + step - 1) / step && scan.count <= SensorScan.mostPoints)
    #expect(intake == SensorScan.Intake(received: count + 7, notFinite: 7, thinned: count - scan.count))
    let kept = points(scan)
    #expect(kept.indices.allSatisfy { kept[$0].x == Float($0 * step) })
  }

  @Test func `a scan is refilled, also with nothing`() throws {
    let scan = SensorScan()
    try ScanMessage.points([SIMD3(1, 2, 3)]).fill(scan, time: time)
    #expect(try ScanMessage.points([]).fill(scan, time: time) == SensorScan.Intake())
    #expect(scan.count == 0 && scan.bytes.isEmpty)
  }
}
