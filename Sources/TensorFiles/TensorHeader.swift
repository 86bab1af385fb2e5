import WireFormat

/// What a safetensors file says of itself, every claim checked against the file's length: 8 bytes length of the header
/// (little endian), the header as JSON, then the tensors without gaps.
///
/// Enough to read single tensors, or rows of them, of a file that is larger than memory.
/// - Source: the format's specification (github.com/huggingface/safetensors).
public struct TensorHeader: TensorDirectory {
  public enum ElementType: String, Sendable, CaseIterable {
    case float16 = "F16"
    case float32 = "F32"
    case int32 = "I32"
    case uint8 = "U8"

    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .float16: 2
      case .float32, .int32: 4
      }
    }
  }

  /// One tensor, row-major.
  public struct Entry: Equatable, Sendable {
    public let type: ElementType
    public let shape: [Int]
    /// Where its bytes lie in the file.
    public let bytes: Range<Int>

    /// For example `F32 (9, 16, 80)`.
    public var description: String { TensorHeader.describe(type, shape) }
  }

  /// Bytes before the header's text: its length.
  public static let prefixLength = 8
  private static let largest = 16 << 20

  public let name: String
  public let metadata: [String: String]
  public let entries: [String: Entry]

  /// Bytes that the whole header takes, by the first bytes of a file.
  ///
  /// - Parameters:
  ///   - prefix: the file's first bytes, at least 8 where it has so many.
  ///   - fileLength: of the whole file, bytes.
  /// - Throws: `.length`.
  public static func length(
    claimedBy prefix: some Collection<UInt8>, fileLength: Int, name: String
  ) throws(TensorFileError) -> Int {
    guard fileLength >= prefixLength, prefix.count >= prefixLength else {
      throw .length(file: name, reason: "\(fileLength) bytes, too few for a safetensors file")
    }
    let claimed = prefix.prefix(prefixLength).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard claimed <= UInt64(min(fileLength - prefixLength, largest)) else {
      throw .length(
        file: name,
        reason:
          "truncated or not a safetensors file: \(fileLength) bytes, a header of \(claimed) is claimed")
    }
    return prefixLength + Int(claimed)
  }

  /// - Parameters:
  ///   - bytes: the header, `length(claimedBy:)` bytes from the file's beginning.
  ///   - fileLength: of the whole file, bytes.
  /// - Throws: `.badHeader`, `.badTensor`, `.length`.
  public init(_ bytes: some RandomAccessCollection<UInt8>, fileLength: Int, name: String)
    throws(TensorFileError)
  {
    let text = Array(bytes.dropFirst(Self.prefixLength))
    let json: JSONValue
    do { json = try text.withUnsafeBytes { try JSONValue(parsing: $0) } } catch {
      throw .badHeader(file: name, reason: "\(error)")
    }
    guard case .object(var members) = json else {
      throw .badHeader(file: name, reason: "its header is no JSON object")
    }
    metadata = try Self.metadata(members.removeValue(forKey: "__metadata__"), name)
    var entries: [String: Entry] = [:]
    for (tensor, description) in members {
      entries[tensor] = try Self.entry(description, tensor, origin: bytes.count, name)
    }
    try Self.checkCover(entries, from: bytes.count, to: fileLength, name)
    self.entries = entries
    self.name = name
  }

  static func describe(_ type: ElementType, _ shape: [Int]) -> String {
    "\(type.rawValue) (\(shape.map(String.init).joined(separator: ", ")))"
  }

  private static func metadata(_ json: JSONValue?, _ name: String) throws(TensorFileError) -> [String: String]
  {
    guard let json else { return [:] }
    guard case .object(let members) = json else {
      throw .badHeader(file: name, reason: "__metadata__ is no JSON object")
    }
    var metadata: [String: String] = [:]
    for (key, value) in members {
      guard let text = value.string else {
        throw .badHeader(file: name, reason: "the metadata entry \(key) is no string")
      }
      metadata[key] = text
    }
    return metadata
  }

  private static func entry(
    _ json: JSONValue, _ tensor: String, origin: Int, _ name: String
  ) throws(TensorFileError) -> Entry {
    guard let word = json["dtype"]?.string, let type = ElementType(rawValue: word) else {
      let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badTensor(
        file: name, tensor: tensor, reason: "has dtype \(json["dtype"]?.string ?? "none"), none of \(known)")
    }
    guard let shape = wholeNumbers(json["shape"]), let span = wholeNumbers(json["data_offsets"]),
      span.count == 2, span[0] <= span[1]
    else { throw .badTensor(file: name, tensor: tensor, reason: "has no shape or no data_offsets") }
    var byteCount = type.byteCount
    for length in shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: length)
      guard !overflow else { throw .badTensor(file: name, tensor: tensor, reason: "is larger than any file") }
      byteCount = product
    }
    guard byteCount == span[1] - span[0] else {
      throw .badTensor(
        file: name, tensor: tensor,
        reason: "\(describe(type, shape)) does not fit its bytes \(span[0]) to \(span[1])")
    }
    return Entry(type: type, shape: shape, bytes: (origin + span[0])..<(origin + span[1]))
  }

  /// Whole numbers from 0, as far as a Double holds them exactly.
  private static func wholeNumbers(_ json: JSONValue?) -> [Int]? {
    guard let elements = json?.array else { return nil }
    let numbers = elements.compactMap { element -> Int? in
      guard let number = element.number, number >= 0, number < 0x1p53 else { return nil }
      return Int(exactly: number)
    }
    return numbers.count == elements.count ? numbers : nil
  }

  /// Tensors follow each other without gap or overlap up to the end of the file.
  private static func checkCover(
    _ entries: [String: Entry], from start: Int, to end: Int, _ name: String
  ) throws(TensorFileError) {
    var position = start
    let ordered = entries.sorted {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound) < (
        $1.value.bytes.lowerBound, $1.value.bytes.upperBound
      )
    }
    for (tensor, entry) in ordered {
      guard entry.bytes.lowerBound == position else {
        throw .badTensor(
          file: name, tensor: tensor, reason: "begins at byte \(entry.bytes.lowerBound), expected \(position)"
        )
      }
      position = entry.bytes.upperBound
    }
    guard position == end else {
      throw .length(
        file: name, reason: "\(end) bytes, but its header describes \(position): truncated or with a tail")
    }
  }
}
