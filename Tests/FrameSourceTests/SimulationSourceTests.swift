import Capture
import ImageBuffers
import Platform
import Quantities
import Simulation
import Testing

@Suite struct SimulationSourceTests {
  private var settings: SimulationSettings {
    var settings = SimulationSettings(
      world: .corridor, seed: 1,
      calibration: SimulationSettings.defaultCalibration(size: ImageSize(width: 96, height: 64)))
    settings.rateHz = 25
    return settings
  }

  @Test
  func `unpaced frames come one after the other with truth and odometry`() throws {
    let start = MonotonicTime(nanoseconds: 5_000_000_000)
    let source = SimulationSource(settings, isPaced: false, start: start)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: source.carriesTruth)
    var lease = try lent(by: pool)
    for index in 0..<6 {
      guard case .frame = source.next(into: &lease, until: .now()) else {
        Issue.record("frame \(index) did not come")
        return
      }
      #expect(lease.frame.metadata.sequence == UInt64(index))
      #expect(lease.frame.metadata.captureTime - start == Int64(index) * 40_000_000)
      #expect(lease.frame.metadata.sourceTimeSeconds == Double(index) / 25)
      #expect((lease.frame.trueDepth?.baseAddress[0] ?? 0) > 0.1)
    }
    let odometry = source.takeOdometry(upTo: start + 200_000_000)
    #expect(odometry.count == 11)
    #expect(odometry.allSatisfy { $0.speedMetersPerSecond > 0 })
  }

  @Test
  func `in real time a frame comes at its moment, and a deadline is kept`() throws {
    // An hour away: no machine is so slow that the first frame is due before the deadline.
    let distant = SimulationSource(settings, start: .now() + 3_600_000_000_000)
    let pool = FramePool(count: 1, size: distant.frameSize, carriesTruth: true)
    var lease = try lent(by: pool)
    let deadline = MonotonicTime.now() + 10_000_000
    guard case .timeout = distant.next(into: &lease, until: deadline) else {
      Issue.record("a frame before its time")
      return
    }
    #expect(MonotonicTime.now() >= deadline)
    let source = SimulationSource(settings)
    var sequences: [UInt64] = []
    for _ in 0..<5 {
      guard case .frame = source.next(into: &lease, until: .now() + 60_000_000_000) else {
        Issue.record("no frame")
        return
      }
      #expect(MonotonicTime.now() >= lease.frame.metadata.captureTime)
      if let last = sequences.last {
        #expect(lease.frame.metadata.sequence - last == lease.frame.metadata.lostBefore + 1)
      }
      sequences.append(lease.frame.metadata.sequence)
    }
  }

  @Test
  func `a pool of another size is asked to be rebuilt`() throws {
    let source = SimulationSource(settings)
    let pool = FramePool(count: 1, size: ImageSize(width: 8, height: 8), carriesTruth: true)
    var lease = try lent(by: pool)
    guard case .reconfigured = source.next(into: &lease, until: .now()) else {
      Issue.record("drew into a frame of another size")
      return
    }
  }
}
