import DepthPipeline
import Quantities
import Testing

struct PaceTests {
  @Test func `something paced happens at most once per interval`() {
    var pace = Pace(intervalNanoseconds: 100)
    let asked: [Int64] = [0, 50, 99, 100, 150, 230, 299, 331]
    let answers = asked.map { pace.isDue(at: MonotonicTime(nanoseconds: $0)) }
    #expect(answers == [true, false, false, true, false, true, false, true])
  }

  @Test func `a clock that begins anew does not stop it`() {
    var pace = Pace(intervalNanoseconds: 100)
    let first = pace.isDue(at: MonotonicTime(nanoseconds: 1_000))
    let afterRestart = pace.isDue(at: MonotonicTime(nanoseconds: 5))
    #expect(first && afterRestart)
  }

  @Test func `something switched off never happens`() {
    var pace = Pace(intervalNanoseconds: Pace.never)
    let answers = [0, 100, Int64.max].map { pace.isDue(at: MonotonicTime(nanoseconds: $0)) }
    #expect(answers == [false, false, false])
  }
}
