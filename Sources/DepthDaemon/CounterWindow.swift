/// How much a counter grew over its last readings.
package struct CounterWindow: Sendable {
  private let length: Int
  private var readings: [UInt64] = []

  /// - Parameter length: how many intervals the window spans.
  package init(length: Int) {
    self.length = length
  }

  /// Takes in the counter's present value and returns its growth over the window.
  ///
  /// A counter that went back has begun anew: what it shows then is its growth since.
  package mutating func update(_ value: UInt64) -> UInt64 {
    if let last = readings.last, value < last { readings = [0] }
    readings.append(value)
    if readings.count > length + 1 { readings.removeFirst() }
    return value - readings[0]
  }
}
