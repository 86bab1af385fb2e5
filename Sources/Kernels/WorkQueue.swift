// Units of work for the parts of an executor: each its own stretch, then whatever others have left.
package import Quantities
internal import Synchronization

/// Hands out `0..<units` to the parts of an executor, each unit once. Knows no thread: a part is a number.
///
/// A part takes the units of its own stretch in order: neighbouring units, the same share of every layer, so that a
/// thread that keeps its part number finds in its own cache what it wrote one layer before. When its stretch is used
/// up it takes from the far end of the others', so that nobody waits for a thread that the system has put aside.
///
/// @unchecked Sendable: the pointer never changes, and what it points to is atomic.
package final class WorkQueue: @unchecked Sendable {
  /// What is left of each part's stretch: the first unit in the high half, the end in the low one. A cache line
  /// apart, because its part writes it for every unit.
  private let stretches: UnsafeMutablePointer<Atomic<UInt64>>
  private let capacity: Int
  private static let spacing = 8

  /// - Parameter parts: the most that an executor will have.
  package init(parts: Int) {
    capacity = max(1, parts)
    stretches = .allocate(capacity: capacity * Self.spacing)
    for index in 0..<(capacity * Self.spacing) { (stretches + index).initialize(to: Atomic(0)) }
  }

  deinit {
    stretches.deinitialize(count: capacity * Self.spacing)
    stretches.deallocate()
  }

  /// Calls `body(unit, part)` for every unit; units of one part never overlap in time, so a part may own scratch.
  /// Before its first unit a part calls `prepare`.
  @inline(__always)
  package func run(
    units: Int, _ executor: any ParallelExecutor, prepare: (Int) -> Void = { _ in },
    _ body: (Int, Int) -> Void
  ) {
    let parts = min(executor.width, units, capacity)
    guard parts > 1 else {
      if units > 0 { prepare(0) }
      for unit in 0..<units { body(unit, 0) }
      return
    }
    for part in 0..<parts {
      let (start, end) = (units * part / parts, units * (part + 1) / parts)
      stretches[part * Self.spacing].store(UInt64(start) << 32 | UInt64(end), ordering: .relaxed)
    }
    executor.run(parts: parts) { part in
      var isPrepared = false
      func work(_ unit: Int) {
        if !isPrepared { prepare(part) }
        isPrepared = true
        body(unit, part)
      }
      while let unit = takeFirst(of: part) { work(unit) }
      for other in 1..<parts {
        while let unit = takeLast(of: (part + other) % parts) { work(unit) }
      }
    }
  }

  private func takeFirst(of part: Int) -> Int? {
    take(part) { ($0 >> 32, $0 + (1 << 32)) }
  }

  private func takeLast(of part: Int) -> Int? {
    take(part) { (($0 & 0xFFFF_FFFF) - 1, $0 - 1) }
  }

  /// Takes the unit that `choose` names of a stretch, and leaves what it returns beside it.
  @inline(__always)
  private func take(_ part: Int, _ choose: (UInt64) -> (unit: UInt64, left: UInt64)) -> Int? {
    let stretch = stretches + part * Self.spacing
    var word = stretch.pointee.load(ordering: .relaxed)
    while word >> 32 < word & 0xFFFF_FFFF {
      let (unit, left) = choose(word)
      let (taken, seen) = stretch.pointee.compareExchange(expected: word, desired: left, ordering: .relaxed)
      if taken { return Int(unit) }
      word = seen
    }
    return nil
  }
}
