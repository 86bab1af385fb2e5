import Capture
import Quantities
import Testing

@Suite struct FrameContinuityTests {
  /// Feeds (sequence, milliseconds) pairs and returns the losses.
  private func losses(rateHz: Double, _ frames: [(UInt32, Int64)]) -> [UInt64] {
    var continuity = FrameContinuity(rateHz: rateHz)
    return frames.map {
      continuity.lostBefore(sequence: $0.0, time: MonotonicTime(nanoseconds: 1_000_000 * $0.1))
    }
  }

  @Test func `a gap in both is a loss`() {
    #expect(losses(rateHz: 50, [(1, 0), (2, 20), (5, 80), (6, 100)]) == [0, 0, 2, 0])
  }

  @Test func `a jump of the counter without a gap in time is none`() {
    #expect(losses(rateHz: 50, [(1, 0), (3, 20), (5, 40)]) == [0, 0, 0])
  }

  @Test func `a frozen counter is replaced by time`() {
    #expect(losses(rateHz: 50, [(1, 0), (1, 20), (1, 80), (0, 100)]) == [0, 0, 2, 0])
  }

  @Test func `a slower camera in the dark loses nothing`() {
    #expect(losses(rateHz: 30, [(1, 0), (2, 66), (3, 133), (4, 200)]) == [0, 0, 0, 0])
  }

  @Test func `without a promised rate the counter decides`() {
    #expect(losses(rateHz: 0, [(1, 0), (4, 60)]) == [0, 2])
  }
}
