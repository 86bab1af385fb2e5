public import Quantities
import WireFormat

/// What came in on one subscription since it began.
public struct SubscriptionStatistics: Sendable {
  public internal(set) var received: UInt64 = 0
  /// Frames that the daemon published and that did not arrive, by their sequence numbers.
  public internal(set) var lost: UInt64 = 0
  /// Times the sequence began anew: the daemon was started again.
  public internal(set) var restarts: UInt64 = 0
  /// Frames that nobody took before the queue was full.
  public internal(set) var displaced: UInt64 = 0
  /// Messages that could not be read.
  public internal(set) var malformed: UInt64 = 0
  public internal(set) var lastError: DepthClientError?
  /// Frames per second, averaged over about the last 20; nil before the second frame.
  public private(set) var rateHz: Double?
  public private(set) var lastReceivedAt: MonotonicTime?
  private var lastSequence: UInt64?

  mutating func count(_ frame: ReceivedFrame) {
    received += 1
    let sequence = frame.header.sequence
    if let last = lastSequence {
      if sequence > last { lost += sequence - last - 1 } else { restarts += 1 }
    }
    lastSequence = sequence
    if let last = lastReceivedAt, frame.receivedAt > last {
      let interval = Double(frame.receivedAt - last) * 1e-9
      // Averaging intervals, not rates: one late frame then counts once, not many times.
      let previous = rateHz.map { 1 / $0 } ?? interval
      let weight = received < 20 ? 1 / Double(received) : 0.05
      rateHz = 1 / (previous + weight * (interval - previous))
    }
    lastReceivedAt = frame.receivedAt
  }
}
