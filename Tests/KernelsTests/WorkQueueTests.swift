// Every unit once, whichever part runs when.
import Kernels
import Quantities
import Testing

@Suite struct WorkQueueTests {
  /// Runs parts one after the other in a given order, as a system would that starves all threads but one.
  private final class OrderedExecutor: ParallelExecutor {
    let order: [Int]
    var width: Int { order.count }

    init(_ order: [Int]) { self.order = order }

    func run(parts: Int, _ body: (Int) -> Void) {
      for part in order where part < parts { body(part) }
    }
  }

  private func runs(units: Int, order: [Int], capacity: Int? = nil) -> [(unit: Int, part: Int)] {
    var seen: [(unit: Int, part: Int)] = []
    let queue = WorkQueue(parts: capacity ?? order.count)
    // Twice, because a queue serves one job after another.
    queue.run(units: units, OrderedExecutor(order)) { _, _ in }
    queue.run(units: units, OrderedExecutor(order)) { seen.append(($0, $1)) }
    return seen
  }

  @Test(arguments: [0, 1, 2, 3, 7, 64], [[0], [0, 1], [1, 0], [2, 0, 1], [3, 2, 1, 0]])
  func `every unit runs once`(units: Int, order: [Int]) {
    #expect(runs(units: units, order: order).map(\.unit).sorted() == Array(0..<units))
  }

  @Test func `a part begins with its own stretch and then takes from the far end of the others'`() {
    let seen = runs(units: 6, order: [1, 0])
    #expect(seen.map(\.unit) == [3, 4, 5, 2, 1, 0])
    #expect(seen.allSatisfy { $0.part == 1 })
  }

  @Test func `no part beyond the queue's own runs`() {
    let seen = runs(units: 5, order: [3, 2, 1, 0], capacity: 2)
    #expect(seen.map(\.unit).sorted() == Array(0..<5))
    #expect(seen.allSatisfy { $0.part < 2 })
  }

  @Test(arguments: [0, 1, 5], [[0], [0, 1], [1, 0]])
  func `a part that gets a unit prepares once, before it`(units: Int, order: [Int]) {
    var seen: [String] = []
    WorkQueue(parts: order.count)
      .run(units: units, OrderedExecutor(order), prepare: { seen.append("prepare \($0)") }) {
        seen.append("run \($1)")
      }
    for part in order {
      let own = seen.filter { $0.hasSuffix(" \(part)") }
      #expect(own.first == (own.isEmpty ? nil : "prepare \(part)"))
      #expect(own.count { $0.hasPrefix("prepare") } == (own.isEmpty ? 0 : 1))
    }
  }
}
