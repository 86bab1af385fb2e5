import Platform
import Quantities

/// Follows the offset between the two clocks and counts steps of the real-time one.
struct ClockWatch {
  /// A change faster than this between two looks is a step, not drift or slewing.
  private static let stepNanoseconds: Int64 = 5_000_000

  private(set) var offsetNanoseconds: Int64
  private(set) var steps: UInt64 = 0

  init() {
    offsetNanoseconds = Self.read()
  }

  /// Reads the offset again.
  mutating func look() {
    let offset = Self.read()
    if abs(offset - offsetNanoseconds) > Self.stepNanoseconds { steps += 1 }
    offsetNanoseconds = offset
  }

  /// Real time minus monotonic time, with the monotonic clock read on both sides so that a preemption between
  /// the readings does not pass for a step.
  private static func read() -> Int64 {
    var best: (span: Int64, offset: Int64) = (.max, 0)
    for _ in 0..<3 {
      let before = MonotonicTime.now()
      let wall = WallTime.now()
      let after = MonotonicTime.now()
      let middle = before.nanoseconds + (after - before) / 2
      if after - before < best.span { best = (after - before, wall.nanoseconds - middle) }
    }
    return best.offset
  }
}
