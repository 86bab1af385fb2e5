/// Follows the counter that guards a frame: finds frames that are missing, repeated by a sender that hangs, or sent by
/// somebody who does not count.
///
/// - Source: the counter checks of AUTOSAR E2E profile 1 (MaxDeltaCounter), as a state machine without a CRC.
public struct CANCounterWatch: Sendable {
  public enum Verdict: Equatable, Sendable {
    /// The first frame, or the next in order; `missing` frames were lost before it.
    case inOrder(missing: Int)
    /// The same number as before: the sender repeats itself.
    case repeated
    /// Too far from the number before.
    case jumped
  }

  private let period: UInt64
  /// Most frames that may be missing at once.
  private let tolerance: UInt64
  private var last: UInt64?

  /// - Parameter bits: of the counter.
  public init(bits: Int) {
    period = bits >= 64 ? 0 : 1 << UInt64(bits)
    tolerance = min(2, period == 0 ? 2 : period / 4)
  }

  /// Judges the next frame's number.
  public mutating func check(_ count: UInt64) -> Verdict {
    defer { last = count }
    guard let last else { return .inOrder(missing: 0) }
    let step = period == 0 ? count &- last : (count &- last) & (period - 1)
    if step == 0 { return .repeated }
    return step - 1 <= tolerance ? .inOrder(missing: Int(step - 1)) : .jumped
  }
}
