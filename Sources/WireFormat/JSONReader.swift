/// Recursive descent over RFC 8259 JSON.
struct JSONReader {
  private static let deepestNesting = 32

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  mutating func readDocument() throws(WireFormatError) -> JSONValue {
    let value = try readValue(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("text after the document") }
    return value
  }

  private mutating func readValue(depth: Int) throws(WireFormatError) -> JSONValue {
    guard depth < Self.deepestNesting else { throw failure("nested too deeply") }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try readObject(depth: depth)
    case UInt8(ascii: "["): return try readArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    default: return .number(try readNumber())
    }
  }

  private mutating func readObject(depth: Int) throws(WireFormatError) -> JSONValue {
    position += 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw failure("a member needs a quoted name") }
      let key = try readString()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("no \":\" after a name") }
      guard members[key] == nil else { throw failure("\"\(key)\" appears twice") }
      members[key] = try readValue(depth: depth + 1)
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw failure("object not closed") }
    return .object(members)
  }

  private mutating func readArray(depth: Int) throws(WireFormatError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      elements.append(try readValue(depth: depth + 1))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw failure("array not closed") }
    return .array(elements)
  }

  private mutating func readWord(_ word: StaticString, _ value: JSONValue) throws(WireFormatError)
    -> JSONValue
  {
    for index in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[index]) else { throw failure("not a JSON value") }
    }
    return value
  }

  private mutating func readNumber() throws(WireFormatError) -> Double {
    let start = position
    _ = take(UInt8(ascii: "-"))
    guard takeDigits() else { throw failure("not a JSON value") }
    guard !startsWithZero(start) else { throw failure("a number must not begin with 0") }
    if take(UInt8(ascii: ".")) {
      guard takeDigits() else { throw failure("no digit after the point") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard takeDigits() else { throw failure("no digit in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw failure("number out of range") }
    return value
  }

  /// Whether the digits from `start` (after a sign) are `0` followed by another digit.
  private func startsWithZero(_ start: Int) -> Bool {
    let first = bytes[start] == UInt8(ascii: "-") ? start + 1 : start
    return bytes[first] == UInt8(ascii: "0") && position - first > 1
  }

  private mutating func takeDigits() -> Bool {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func readString() throws(WireFormatError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let decoded = String(validating: text, as: UTF8.self) else { throw failure("not UTF-8") }
        return decoded
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20: throw failure("control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("string not closed")
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(WireFormatError) {
    guard let byte = peek else { throw failure("string not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"): text.append(contentsOf: try readUnicodeEscape().utf8)
    default: throw failure("unknown escape")
    }
  }

  /// `\uXXXX`, with its second half where the first is a high surrogate.
  private mutating func readUnicodeEscape() throws(WireFormatError) -> String {
    let first = try readHex()
    var code = UInt32(first)
    if (0xD800..<0xDC00).contains(first) {
      guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw failure("half a surrogate pair") }
      let second = try readHex()
      guard (0xDC00..<0xE000).contains(second) else { throw failure("half a surrogate pair") }
      code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
    return String(Character(scalar))
  }

  private mutating func readHex() throws(WireFormatError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("four hexadecimal digits expected")
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func failure(_ reason: String) -> WireFormatError {
    .malformedJSON(reason: reason, offset: position)
  }
}
