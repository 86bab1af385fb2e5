public import Quantities

/// One data frame of a classic CAN bus.
public struct CANFrame: Equatable, Sendable {
  public var identifier: CANIdentifier
  /// Byte 0 is the lowest; bytes beyond `byteCount` are zero.
  public var data: UInt64
  /// 0 to 8.
  public var byteCount: Int
  public var time: MonotonicTime

  public init(identifier: CANIdentifier, data: UInt64, byteCount: Int, time: MonotonicTime) {
    precondition((0...8).contains(byteCount), "a classic frame has up to eight bytes")
    self.identifier = identifier
    self.data = byteCount == 8 ? data : data & ((1 << UInt64(8 * byteCount)) - 1)
    self.byteCount = byteCount
    self.time = time
  }

  /// The same from its bytes, eight at most.
  public init(identifier: CANIdentifier, bytes: [UInt8], time: MonotonicTime) {
    let data = bytes.prefix(8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << UInt64(8 * $1.offset)
    }
    self.init(identifier: identifier, data: data, byteCount: min(8, bytes.count), time: time)
  }
}

/// What a frame is about, and its priority on the bus.
public struct CANIdentifier: Hashable, Sendable, CustomStringConvertible {
  public static let largestStandard: UInt32 = 0x7FF
  public static let largestExtended: UInt32 = 0x1FFF_FFFF

  public let value: UInt32
  /// 29 bits instead of 11. The same value in the two forms is two different identifiers.
  public let isExtended: Bool

  /// Nil if the value has too many bits.
  public init?(_ value: UInt32, isExtended: Bool = false) {
    guard value <= (isExtended ? Self.largestExtended : Self.largestStandard) else { return nil }
    self.value = value
    self.isExtended = isExtended
  }

  /// As candump writes it: three hexadecimal digits, or eight for an extended one; here with `0x` before them.
  public init?(text: some StringProtocol) {
    guard text.hasPrefix("0x") || text.hasPrefix("0X") else { return nil }
    let digits = text.dropFirst(2)
    guard (1...3).contains(digits.count) || digits.count == 8, let value = UInt32(digits, radix: 16) else {
      return nil
    }
    self.init(value, isExtended: digits.count == 8)
  }

  public var description: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, (isExtended ? 8 : 3) - digits.count)) + digits
  }
}
