package import Quantities

/// Counts the frames lost between two that arrived.
///
/// The driver's sequence number says it directly, but some cameras repeat, freeze or skip numbers, so it is
/// cross-checked with the distance in time, measured in the period of frames that followed each other.
package struct FrameContinuity: Sendable {
  private var last: (sequence: UInt32, time: MonotonicTime)?
  private var periodNanoseconds: Double

  /// - Parameter rateHz: the promised rate; 0 = unknown, then sequence numbers alone decide at first.
  package init(rateHz: Double) {
    periodNanoseconds = rateHz > 0 ? 1e9 / rateHz : 0
  }

  /// Returns how many frames were lost before this one.
  package mutating func lostBefore(sequence: UInt32, time: MonotonicTime) -> UInt64 {
    defer { last = (sequence, time) }
    guard let last else { return 0 }
    let elapsed = Double(time - last.time)
    let step = Int64(sequence) - Int64(last.sequence)
    guard elapsed > 0 else { return UInt64(max(0, step - 1)) }
    if step == 1 {
      periodNanoseconds =
        periodNanoseconds > 0 ? 0.9 * periodNanoseconds + 0.1 * min(elapsed, 4 * periodNanoseconds) : elapsed
      return 0
    }
    guard periodNanoseconds > 0 else { return UInt64(max(0, step - 1)) }
    let missingInTime = max(0, Int64((elapsed / periodNanoseconds).rounded()) - 1)
    // A frozen or restarted counter says nothing.
    return UInt64(step > 1 ? min(step - 1, missingInTime) : missingInTime)
  }

  /// Forgets the last frame: what was lost while the stream stood still is no frame loss.
  package mutating func restart() {
    last = nil
  }
}
