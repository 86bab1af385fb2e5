import Quantities
import TestSupport
import Testing

struct MonotonicTimeTests {
  @Test func `seconds survive the way to nanoseconds and back to a nanosecond`() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      let nanoseconds = Int64.random(in: 0...1_000_000_000_000_000, using: &generator)
      let time = MonotonicTime(nanoseconds: nanoseconds)
      #expect(abs(MonotonicTime(seconds: time.seconds) - time) <= 1)
    }
  }

  @Test func `seconds are rounded to the nearest nanosecond, not cut`() {
    #expect(MonotonicTime(seconds: 0.0000000019).nanoseconds == 2)
    #expect(MonotonicTime(seconds: -0.0000000019).nanoseconds == -2)
  }

  @Test func `a difference has a sign and adds back`() {
    let early = MonotonicTime(nanoseconds: 5)
    let late = MonotonicTime(nanoseconds: 12)
    #expect(late - early == 7)
    #expect(early - late == -7)
    #expect(early + (late - early) == late)
    #expect(early < late)
  }
}
