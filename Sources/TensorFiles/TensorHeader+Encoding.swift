extension TensorHeader {
  /// A tensor to be written.
  public struct Plan: Equatable, Sendable {
    public let name: String
    public let type: ElementType
    public let shape: [Int]

    public init(_ name: String, _ type: ElementType, _ shape: [Int]) {
      self.name = name
      self.type = type
      self.shape = shape
    }

    public var byteCount: Int { shape.reduce(type.byteCount, *) }
  }

  /// The tensors' data begin at a multiple of so many bytes.
  private static let alignment = 64

  /// The bytes of a header for tensors that follow in this order without gaps: metadata by key, no white space, padded
  /// with spaces. The same content gives the same bytes, those of training/depthtrain/safetensors.py.
  public static func encode(_ plans: [Plan], metadata: [String: String]) -> [UInt8] {
    var text = "{" + quoted("__metadata__") + ":{"
    text += metadata.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
      .map { quoted($0.key) + ":" + quoted($0.value) }.joined(separator: ",")
    text += "}"
    var first = 0
    for plan in plans {
      let shape = plan.shape.map(String.init).joined(separator: ",")
      let last = first + plan.byteCount
      text += ",\(quoted(plan.name)):{\"dtype\":\"\(plan.type.rawValue)\",\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(first),\(last)]}"
      first = last
    }
    text += "}"
    var bytes = Array(text.utf8)
    while (prefixLength + bytes.count) % alignment != 0 { bytes.append(UInt8(ascii: " ")) }
    return (0..<prefixLength).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
  }

  /// A JSON string as Python's json.dumps writes it with ensure_ascii off.
  package static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{8}": quoted += "\\b"
      case "\u{C}": quoted += "\\f"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
