package import Quantities

/// How fast a counter grows, over the last few seconds: long enough that a slow camera's rate does not jump between
/// zero and twice itself.
package struct RateWindow: Sendable {
  private var readings: [(time: MonotonicTime, count: UInt64)] = []

  package init() {}

  /// Takes in the counter's present value.
  ///
  /// - Parameter span: over how many nanoseconds, as soon as there are as many.
  /// - Returns: its growth per second; nil during the first third of the span.
  package mutating func update(_ count: UInt64, at now: MonotonicTime, span: Int64) -> Double? {
    if let last = readings.last, count < last.count || now < last.time { readings = [] }
    readings.append((now, count))
    while readings.count > 2, now - readings[1].time >= span { readings.removeFirst() }
    let first = readings[0]
    guard now - first.time >= max(1, span / 3) else { return nil }
    return Double(count - first.count) / (Double(now - first.time) * 1e-9)
  }

  /// Three seconds, or as long as four frames take.
  package static func span(nominalRateHz: Double) -> Int64 {
    Int64(max(3, nominalRateHz > 0 ? 4 / nominalRateHz : 0) * 1e9)
  }
}
