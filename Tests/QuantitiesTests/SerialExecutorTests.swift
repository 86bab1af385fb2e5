import Quantities
import Testing

struct SerialExecutorTests {
  @Test func `every part runs once and in order`() {
    var seen: [Int] = []
    SerialExecutor().run(parts: 5) { seen.append($0) }
    #expect(seen == [0, 1, 2, 3, 4])
  }

  @Test func `no parts is no work`() {
    SerialExecutor().run(parts: 0) { _ in Issue.record("called for a part that does not exist") }
  }
}
