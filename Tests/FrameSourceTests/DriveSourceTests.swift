import Capture
import Drive
import Glibc
import ImageBuffers
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct DriveSourceTests {
  private static let size = ImageSize(width: 32, height: 16)

  /// A drive of five frames at 50 Hz with odometry at 100 Hz; times begin at 3 s.
  private func makeDrive(in folder: TemporaryFolder, truth: Bool = true) throws -> String {
    let directory = folder.file("drive")
    let writer = try DriveWriter(
      directory: directory,
      manifest: DriveManifest(name: "d", kind: .sequence, size: Self.size, nominalRateHz: 50),
      calibration: nil)
    let image = RGBImage(size: Self.size)
    for index in 0..<5 {
      var depth = Plane<Float>(width: 32, height: 16)
      depth.fill(Float(index + 1))
      try writer.append(
        DriveWriter.FrameRecord(timeSeconds: 3 + Double(index) * 0.02), image: image,
        depth: truth ? consume depth : nil)
      for half in 0..<2 {
        try writer.appendOdometry(
          timeSeconds: 3 + Double(index) * 0.02 + Double(half) * 0.01, speedMetersPerSecond: Double(index),
          yawRateRadiansPerSecond: 0)
      }
    }
    try writer.finish()
    return directory
  }

  private func inOneSecond() -> MonotonicTime { .now() + 1_000_000_000 }

  @Test
  func `as fast as possible, every frame comes once and then the end`() throws {
    let folder = try TemporaryFolder()
    var playback = DriveSource.Playback()
    playback.isPaced = false
    let start = MonotonicTime(nanoseconds: 1_000_000_000)
    let source = try DriveSource(directory: makeDrive(in: folder), playback: playback, start: start)
    #expect(source.frameSize == Self.size)
    #expect(source.nominalRateHz == 50)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: source.carriesTruth)
    var lease = try lent(by: pool)
    for index in 0..<5 {
      guard case .frame = source.next(into: &lease, until: inOneSecond()) else {
        Issue.record("frame \(index) did not come")
        return
      }
      #expect(lease.frame.metadata.sequence == UInt64(index))
      #expect(lease.frame.metadata.captureTime - start == Int64(index) * 20_000_000)
      #expect(lease.frame.metadata.timeSource == FrameMetadata.TimeSource.recorded)
      #expect(lease.frame.trueDepth?.baseAddress[0] == Float(index + 1))
    }
    guard case .ended = source.next(into: &lease, until: inOneSecond()) else {
      Issue.record("no end")
      return
    }
    let odometry = source.takeOdometry(upTo: start + 45_000_000)
    #expect(odometry.map { $0.time - start } == [0, 10, 20, 30, 40].map { $0 * 1_000_000 })
    #expect(odometry.last?.speedMetersPerSecond == 2)
    #expect(source.takeOdometry(upTo: inOneSecond()).count == 5)
    #expect(source.takeOdometry(upTo: inOneSecond()).isEmpty)
  }

  @Test
  func `a loop goes on in time`() throws {
    let folder = try TemporaryFolder()
    var playback = DriveSource.Playback()
    playback.isPaced = false
    playback.loops = true
    let start = MonotonicTime(nanoseconds: 0)
    let source = try DriveSource(directory: makeDrive(in: folder), playback: playback, start: start)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: true)
    var lease = try lent(by: pool)
    var last: Int64 = -20_000_000
    for index in 0..<13 {
      _ = source.next(into: &lease, until: inOneSecond())
      #expect(lease.frame.metadata.captureTime.nanoseconds - last == 20_000_000)
      #expect(lease.frame.metadata.sequence == UInt64(index))
      last = lease.frame.metadata.captureTime.nanoseconds
    }
    let times = source.takeOdometry(upTo: MonotonicTime(nanoseconds: 250_000_000)).map(\.time.nanoseconds)
    #expect(times.count == 26)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 10_000_000 })
  }

  @Test
  func `in real time frames come at their moments and never beyond a deadline`() throws {
    let folder = try TemporaryFolder()
    let drive = try makeDrive(in: folder)
    // Far enough ahead that a busy machine cannot be late for the first question.
    let begin = MonotonicTime.now() + 2_000_000_000
    let source = try DriveSource(directory: drive, start: begin)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: true)
    var lease = try lent(by: pool)
    let deadline = MonotonicTime.now() + 5_000_000
    guard case .timeout = source.next(into: &lease, until: deadline) else {
      Issue.record("a frame before its time")
      return
    }
    #expect(MonotonicTime.now() >= deadline)
    while true {
      let outcome = source.next(into: &lease, until: begin + 60_000_000_000)
      guard case .frame = outcome else { break }
      #expect(MonotonicTime.now() >= lease.frame.metadata.captureTime)
    }
    #expect(MonotonicTime.now() - begin >= 80_000_000)
  }

  @Test
  func `a slow reader loses frames and is told how many`() throws {
    let folder = try TemporaryFolder()
    let source = try DriveSource(directory: makeDrive(in: folder), start: .now() + -50_000_000)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: true)
    var lease = try lent(by: pool)
    guard case .frame = source.next(into: &lease, until: inOneSecond()) else {
      Issue.record("no frame")
      return
    }
    #expect(lease.frame.metadata.lostBefore >= 2)
    #expect(lease.frame.metadata.sequence == lease.frame.metadata.lostBefore)
  }

  @Test
  func `a broken picture is one broken frame`() throws {
    let folder = try TemporaryFolder()
    let directory = try makeDrive(in: folder, truth: false)
    truncate(directory + "/frames/000001.jpg", 20)
    var playback = DriveSource.Playback()
    playback.isPaced = false
    let source = try DriveSource(directory: directory, playback: playback)
    #expect(!source.carriesTruth)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: false)
    var lease = try lent(by: pool)
    var outcomes: [String] = []
    for _ in 0..<6 { outcomes.append("\(source.next(into: &lease, until: inOneSecond()))") }
    #expect(outcomes[0] == "frame" && outcomes[2] == "frame" && outcomes[4] == "frame")
    #expect(outcomes[1].hasPrefix("corrupt") && outcomes[5] == "ended")
  }

  @Test
  func `a folder that is no drive is refused when it is opened`() {
    #expect(throws: DriveError.self) { try DriveSource(directory: "/nonexistent") }
  }
}
