public import Quantities

/// JSON in a fixed order. A value that is unknown (nil) or not finite is left out: absent means unknown, and
/// `null` never appears.
extension ByteWriter {
  /// Opens an object, as a member when it has a key, else as an array element or the document itself.
  public mutating func beginObject(_ key: StaticString? = nil) {
    if let key { appendKey(key) } else { separate() }
    append(UInt8(ascii: "{"))
  }

  public mutating func endObject() {
    append(UInt8(ascii: "}"))
  }

  public mutating func beginArray(_ key: StaticString) {
    appendKey(key)
    append(UInt8(ascii: "["))
  }

  public mutating func endArray() {
    append(UInt8(ascii: "]"))
  }

  public mutating func field(_ key: StaticString, _ value: Int?) {
    guard let value else { return }
    appendKey(key)
    append(decimal: Int64(value))
  }

  public mutating func field(_ key: StaticString, _ value: Int64?) {
    guard let value else { return }
    appendKey(key)
    append(decimal: value)
  }

  public mutating func field(_ key: StaticString, _ value: UInt64?) {
    guard let value else { return }
    appendKey(key)
    append(decimal: value)
  }

  public mutating func field(_ key: StaticString, _ value: Double?) {
    guard let value, value.isFinite else { return }
    appendKey(key)
    append(decimal: value)
  }

  public mutating func field(_ key: StaticString, _ value: Bool?) {
    guard let value else { return }
    appendKey(key)
    append(value ? "true" as StaticString : "false" as StaticString)
  }

  public mutating func field(_ key: StaticString, _ value: String?) {
    guard let value else { return }
    appendKey(key)
    append(quoted: value)
  }

  public mutating func field(_ key: StaticString, literal value: StaticString) {
    appendKey(key)
    append(UInt8(ascii: "\""))
    append(value)
    append(UInt8(ascii: "\""))
  }

  /// An array of numbers, left out whole when one of them is not finite.
  public mutating func field(_ key: StaticString, _ values: [Double]?) {
    guard let values, values.allSatisfy(\.isFinite) else { return }
    beginArray(key)
    for value in values {
      separate()
      append(decimal: value)
    }
    endArray()
  }

  /// A time as whole seconds and nanoseconds, since JavaScript cannot hold the nanoseconds in one number.
  public mutating func field(_ key: StaticString, nanoseconds value: Int64?) {
    guard let value else { return }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
    beginObject(key)
    field("sec", remainder < 0 ? quotient - 1 : quotient)
    field("nsec", remainder < 0 ? remainder + 1_000_000_000 : remainder)
    endObject()
  }

  public mutating func field(_ key: StaticString, _ value: MonotonicTime?) {
    field(key, nanoseconds: value?.nanoseconds)
  }

  public mutating func field(_ key: StaticString, _ value: WallTime?) {
    field(key, nanoseconds: value?.nanoseconds)
  }

  /// A member whose value is JSON already.
  public mutating func field(_ key: StaticString, json value: [UInt8]) {
    appendKey(key)
    value.withUnsafeBytes { append($0) }
  }

  public mutating func element(_ value: String) {
    separate()
    append(quoted: value)
  }

  public mutating func element(_ value: Double) {
    guard value.isFinite else { return }
    separate()
    append(decimal: value)
  }

  public mutating func element(literal value: StaticString) {
    separate()
    append(UInt8(ascii: "\""))
    append(value)
    append(UInt8(ascii: "\""))
  }

  private mutating func appendKey(_ key: StaticString) {
    separate()
    append(UInt8(ascii: "\""))
    append(key)
    append("\":" as StaticString)
  }

  /// A comma, unless this is the first thing in its object, array or document.
  private mutating func separate() {
    switch lastByte {
    case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "/"): break
    default: append(UInt8(ascii: ","))
    }
  }

  private mutating func append(quoted text: String) {
    append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"" as StaticString)
      case UInt8(ascii: "\\"): append("\\\\" as StaticString)
      case UInt8(ascii: "\n"): append("\\n" as StaticString)
      case UInt8(ascii: "\t"): append("\\t" as StaticString)
      case 0..<0x20:
        append("\\u00" as StaticString)
        append(Self.hexDigit(byte >> 4))
        append(Self.hexDigit(byte & 15))
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
