/// Outliers in a row.
struct OutlierRun: Equatable, Sendable {
  private var values: [Double] = []
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    values.reserveCapacity(capacity)
  }

  var isFull: Bool { values.count == capacity }

  mutating func add(_ value: Double) {
    if isFull { values.removeFirst() }
    values.append(value)
  }

  mutating func removeAll() { values.removeAll(keepingCapacity: true) }

  /// Median distance from the median.
  var medianDeviation: Double {
    guard let middle = Self.median(values) else { return .infinity }
    return Self.median(values.map { abs($0 - middle) }) ?? .infinity
  }

  private static func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    return sorted.isEmpty ? nil : sorted[sorted.count / 2]
  }
}
