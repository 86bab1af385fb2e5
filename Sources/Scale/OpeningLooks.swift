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

  /// No look is surer than this.
  private static let leastVariance = 1e-6
  /// As many as are made in some fifteen seconds of motion: a scale locks later.
  private static let count = 16

  private(set) var looks: [Look] = []
  private(set) var isClosed = false

  init() { looks.reserveCapacity(Self.count) }

  /// How many of the looks that are waited for are there, 0 to 1.
  var share: Double { isClosed ? 1 : Double(looks.count) / Double(Self.count) }

  /// Keeps a look; true when it was the last that was waited for.
  mutating func add(_ look: Look) -> Bool {
    guard !isClosed else { return false }
    looks.append(look)
    isClosed = looks.count == Self.count
    return isClosed
  }

  /// Where the looks lie: their median, each as heavy as it is sure.
  var middle: Double {
    func weight(_ look: Look) -> Float { Float(1 / max(Self.leastVariance, look.white + look.shared)) }
    return looks.withUnsafeBufferPointer { looks in
      Double(RobustMedian.of(looks, weight: weight) { Float($0.logScale) })
    }
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
