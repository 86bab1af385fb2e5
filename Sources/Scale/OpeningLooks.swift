import Quantities

/// The first observations of a scale, kept until there are enough of them to be judged together.
struct OpeningLooks: Equatable, Sendable {
  struct Look: Equatable, Sendable {
    var logScale: Double
    /// Its variance without the part that neighbouring frames share, and that of the error that all such looks share.
    var white: Double
    var shared: Double
    var time: MonotonicTime
    /// Since the last accepted observation.
    var travelledMeters: Double
  }

  /// As many as are made in some fifteen seconds of motion, about when a scale may lock.
  private static let count = 16

  private(set) var looks: [Look] = []
  private(set) var isClosed = false

  init() { looks.reserveCapacity(Self.count) }

  /// Keeps a look; true when it was the last that was waited for.
  mutating func add(_ look: Look) -> Bool {
    guard !isClosed else { return false }
    looks.append(look)
    isClosed = looks.count == Self.count
    return isClosed
  }

  /// Waits for looks anew.
  mutating func reopen() {
    looks.removeAll(keepingCapacity: true)
    isClosed = false
  }

  /// Waits for none.
  mutating func close() {
    looks.removeAll(keepingCapacity: true)
    isClosed = true
  }
}
