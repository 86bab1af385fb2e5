import Glibc
import Odometry
import Quantities
import TestSupport
import Testing

@Suite struct OdometryTrackTests {
  private func sample(_ milliseconds: Int64, speed: Double = 1, yawRate: Double = 0) -> OdometrySample {
    OdometrySample(
      time: MonotonicTime(nanoseconds: milliseconds * 1_000_000), speedMetersPerSecond: speed,
      yawRateRadiansPerSecond: yawRate)
  }

  private func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  private func track(capacity: Int = 8) -> OdometryTrack {
    OdometryTrack(capacity: capacity, largestGapNanoseconds: 50_000_000)
  }

  @Test
  func `an empty track knows nothing`() {
    let track = track()
    #expect(track.latest(at: time(0)) == nil)
    #expect(track.age(at: time(0)) == nil)
    #expect(track.motion(from: time(0), to: time(1)) == nil)
  }

  @Test
  func `the latest sample is the newest that is not younger`() {
    var track = track()
    for step in 1...5 as ClosedRange<Int64> { track.add(sample(step * 20, speed: Double(step))) }
    #expect(track.latest(at: time(19)) == nil)
    #expect(track.latest(at: time(20))?.speedMetersPerSecond == 1)
    #expect(track.latest(at: time(79))?.speedMetersPerSecond == 3)
    #expect(track.latest(at: time(500))?.speedMetersPerSecond == 5)
    #expect(track.age(at: time(500)) == 400_000_000)
  }

  @Test
  func `a full track forgets the oldest and counts what is wrong`() {
    var track = track(capacity: 4)
    for step in 0..<10 as Range<Int64> { track.add(sample(step * 20)) }
    #expect(track.count == 4)
    #expect(track[0].time == time(120))
    #expect(track.add(sample(180)) == .duplicate)
    #expect(track.add(sample(170)) == .reordered)
    #expect(track.add(sample(300)) == .accepted)
    #expect(track.add(sample(320, speed: .nan)) == .notANumber)
    #expect(track.duplicateCount == 1)
    #expect(track.reorderCount == 1)
    #expect(track.gapCount == 1)
    #expect(track.notANumberCount == 1)
    #expect(track.newest?.time == time(300))
  }

  @Test
  func `a clock that was set back starts the track anew`() {
    var track = track()
    track.add(sample(10_000))
    #expect(track.add(sample(5_000)) == .restarted)
    #expect(track.count == 1)
    #expect(track.newest?.time == time(5_000))
  }

  @Test
  func `a circle driven at constant speed is a circle`() throws {
    var track = OdometryTrack(capacity: 512, largestGapNanoseconds: 50_000_000)
    for step in 0...400 as ClosedRange<Int64> { track.add(sample(step * 20, speed: 2, yawRate: 0.5)) }
    let motion = try #require(track.motion(from: time(1003), to: time(5017)))
    let turn = 0.5 * 4.014
    #expect(abs(motion.heading - turn) < 1e-9)
    #expect(abs(motion.x - 4 * sin(turn)) < 1e-6)
    #expect(abs(motion.y - 4 * (1 - cos(turn))) < 1e-6)
  }

  @Test
  func `motion adds up over any cut of the window`() throws {
    var track = OdometryTrack(capacity: 512, largestGapNanoseconds: 50_000_000)
    var generator = SeededGenerator(seed: 4)
    for step in 0...300 as ClosedRange<Int64> {
      track.add(
        sample(
          step * 20, speed: Double.random(in: 0...3, using: &generator),
          yawRate: Double.random(in: -1...1, using: &generator)))
    }
    let whole = try #require(track.motion(from: time(200), to: time(4000)))
    let first = try #require(track.motion(from: time(200), to: time(1820)))
    let second = try #require(track.motion(from: time(1820), to: time(4000)))
    let x = first.x + cos(first.heading) * second.x - sin(first.heading) * second.y
    let y = first.y + sin(first.heading) * second.x + cos(first.heading) * second.y
    #expect(abs(whole.x - x) < 1e-9)
    #expect(abs(whole.y - y) < 1e-9)
    #expect(abs(whole.heading - first.heading - second.heading) < 1e-12)
  }

  @Test
  func `motion over a gap or beyond the track is unknown`() {
    var track = track()
    for step in [0, 20, 40, 140, 160] as [Int64] { track.add(sample(step)) }
    #expect(track.motion(from: time(0), to: time(40)) != nil)
    #expect(track.motion(from: time(20), to: time(150)) == nil)
    #expect(track.motion(from: time(60), to: time(150)) == nil)
    #expect(track.motion(from: time(150), to: time(170)) == nil)
    #expect(track.motion(from: time(145), to: time(155)) != nil)
  }
}
