/// Where the estimate stood at the end of each of the last five blocks of motion.
struct EstimateBlocks: Equatable, Sendable {
  private static let capacity = 5
  private static let fewest = 3
  private var ends: [Double] = []
  private var seconds = 0.0
  var blockSeconds: Double

  init(seconds: Double) {
    blockSeconds = seconds
    ends.reserveCapacity(Self.capacity)
  }

  mutating func add(_ estimate: Double, seconds: Double) {
    self.seconds += seconds
    guard self.seconds >= blockSeconds else { return }
    self.seconds -= blockSeconds
    if ends.count == Self.capacity { ends.removeFirst() }
    ends.append(estimate)
  }

  mutating func removeAll() {
    ends.removeAll(keepingCapacity: true)
    seconds = 0
  }

  /// Largest minus smallest; nil before the third block.
  var spread: Double? {
    guard ends.count >= Self.fewest, let high = ends.max(), let low = ends.min() else { return nil }
    return high - low
  }
}
