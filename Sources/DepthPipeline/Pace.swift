package import Quantities

/// Lets something happen at most once per interval.
package struct Pace {
  /// The interval of something that is switched off.
  package static let never = Int64.max

  package let intervalNanoseconds: Int64
  private var last: MonotonicTime?

  package init(intervalNanoseconds: Int64) {
    self.intervalNanoseconds = intervalNanoseconds
  }

  /// Whether the interval has passed since it last said yes.
  package mutating func isDue(at time: MonotonicTime) -> Bool {
    if intervalNanoseconds == Self.never { return false }
    if let last, time - last < intervalNanoseconds, time >= last { return false }
    last = time
    return true
  }
}
