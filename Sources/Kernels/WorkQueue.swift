// Units of work taken by whichever part is free.
package import Quantities
internal import Synchronization

/// Hands out `0..<units` to the parts of an executor, each unit once. Knows no thread: a part is a number.
package final class WorkQueue: Sendable {
  private let next = Atomic<Int>(0)

  package init() {}

  /// Calls `body(unit, part)` for every unit; units of one part never overlap in time, so a part may own scratch.
  @inline(__always)
  package func run(units: Int, _ executor: any ParallelExecutor, _ body: (Int, Int) -> Void) {
    let parts = min(executor.width, units)
    guard parts > 1 else {
      for unit in 0..<units { body(unit, 0) }
      return
    }
    next.store(0, ordering: .relaxed)
    executor.run(parts: parts) { part in
      while true {
        let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < units else { return }
        body(unit, part)
      }
    }
  }
}
