/// Where a number lies in a frame's bits, as a DBC file says it: `start|length@order`.
///
/// Bit n is bit n mod 8 (0 = least significant) of byte n / 8.
/// - Source: Vector, "DBC file format documentation", section 8.9.
public struct CANBitField: Hashable, Sendable, CustomStringConvertible {
  public enum ByteOrder: Int, Sendable {
    /// Motorola, big-endian: `start` is the most significant bit, the rest follows downwards into the next byte.
    case motorola = 0
    /// Intel, little-endian: `start` is the least significant bit.
    case intel = 1
  }

  public let start: Int
  public let length: Int
  public let byteOrder: ByteOrder
  /// Bytes a frame must have to hold the field.
  public let byteCount: Int
  /// How far the wanted bits are from where they end up.
  private let shift: UInt64

  /// Nil if the field does not lie within eight bytes.
  public init?(start: Int, length: Int, byteOrder: ByteOrder) {
    guard (0...63).contains(start), (1...64).contains(length) else { return nil }
    // Bits above the field in the order that its bits have.
    let before = byteOrder == .intel ? start : start / 8 * 8 + 7 - start % 8
    guard before + length <= 64 else { return nil }
    self.start = start
    self.length = length
    self.byteOrder = byteOrder
    byteCount = (before + length + 7) / 8
    shift = UInt64(byteOrder == .intel ? before : 64 - before - length)
  }

  /// The field's bits as a whole number; nil when the frame is too short to hold it.
  public func raw(in frame: CANFrame) -> UInt64? {
    guard frame.byteCount >= byteCount else { return nil }
    let ordered = byteOrder == .intel ? frame.data : frame.data.byteSwapped
    return ordered >> shift & mask
  }

  /// A number of the field's length in two's complement.
  func signed(_ raw: UInt64) -> Int64 {
    let unused = UInt64(64 - length)
    return Int64(bitPattern: raw << unused) >> Int64(unused)
  }

  private var mask: UInt64 { length == 64 ? .max : (1 << UInt64(length)) - 1 }

  public var description: String { "\(start)|\(length)@\(byteOrder.rawValue)" }
}
