import DepthDaemon
import Geometry
import Quantities
import Testing

@Suite struct RangePlacementTests {
  private static let millisecond: Int64 = 1_000_000
  private let frame = MonotonicTime(nanoseconds: 10_000_000_000)
  /// 10 cm above the camera, x ahead, y left, z up.
  private let cameraFromSensor = RigidTransform(
    rotation: [0, -1, 0, 0, 0, -1, 1, 0, 0], translation: SIMD3(0, -0.1, 0))
  private let placement = RangePlacement(
    gridFromCamera: .identity, maximumAgeNanoseconds: 200 * millisecond,
    maximumUnmovedAgeNanoseconds: 50 * millisecond)

  /// Two metres a second straight ahead: the later camera's origin lies ahead of the earlier one.
  private func driving(_ start: MonotonicTime, _ end: MonotonicTime) -> RigidTransform? {
    var motion = RigidTransform.identity
    motion.translation = SIMD3(0, 0, 2 * Double(end - start) * 1e-9)
    return motion
  }

  private func place(
    _ milliseconds: Int64, _ motion: (MonotonicTime, MonotonicTime) -> RigidTransform?
  ) throws(RangePlacement.Refusal) -> SIMD3<Double> {
    try placement.gridFromSensor(
      cameraFromSensor, scan: frame + milliseconds * Self.millisecond, frame: frame, startFromEnd: motion
    ).apply(SIMD3(10, 0, 0))
  }

  @Test(arguments: [(-100, 9.8), (0, 10), (100, 10.2)] as [(Int64, Double)])
  func `who drives towards a point is nearer to it later, and was farther before`(
    milliseconds: Int64, depth: Double
  ) throws {
    let point = try place(milliseconds, driving)
    #expect(abs(point.z - depth) < 1e-12 && point.x == 0 && point.y == -0.1)
  }

  @Test func `without odometry young points stay where they were and older ones are refused`() throws {
    #expect(try place(-50) { _, _ in nil }.z == 10)
    #expect(throws: RangePlacement.Refusal.unmoved) { try place(-51) { _, _ in nil } }
    #expect(throws: RangePlacement.Refusal.unmoved) { try place(51) { _, _ in nil } }
  }

  @Test func `points too far from the frame are refused whatever odometry says`() {
    #expect(throws: RangePlacement.Refusal.stale) { try place(-201, driving) }
    #expect(throws: RangePlacement.Refusal.stale) { try place(201, driving) }
  }

  @Test func `points in the published frame are turned by nothing but motion`() throws {
    let turned = RigidTransform(quaternion: SIMD4(0, 0.6, 0, 0.8), translation: .zero)
    let placement = RangePlacement(
      gridFromCamera: turned, maximumAgeNanoseconds: 1, maximumUnmovedAgeNanoseconds: 1)
    let identity = try placement.gridFromSensor(nil, scan: frame, frame: frame) { _, _ in nil }
    let error = identity.apply(SIMD3(1, 2, 3)) - SIMD3(1, 2, 3)
    #expect((error * error).sum() < 1e-24)
  }
}
