/// A JSON document read from a peer: control requests, odometry.
///
/// Not for the frame's path.
public indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Reads one RFC 8259 document.
  /// - Throws: `.malformedJSON` with the offending byte; nesting deeper than 32 is refused.
  public init(parsing bytes: UnsafeRawBufferPointer) throws(WireFormatError) {
    var reader = JSONReader(bytes: bytes)
    self = try reader.readDocument()
  }

  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var number: Double? {
    guard case .number(let value) = self else { return nil }
    return value
  }

  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  public var array: [JSONValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }
}
