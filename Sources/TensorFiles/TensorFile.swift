import WireFormat

/// A safetensors file whose every claim about itself has been checked: 8 bytes length of the header (little endian),
/// the header as JSON, then the tensors without gaps.
///
/// - Source: the format's specification (github.com/huggingface/safetensors).
public struct TensorFile: Sendable {
  public enum ElementType: String, Sendable, CaseIterable {
    case float16 = "F16"
    case float32 = "F32"
    case int32 = "I32"
    case uint8 = "U8"

    var byteCount: Int {
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
    public var description: String { TensorFile.describe(type, shape) }
  }

  static let largestHeader = 16 << 20

  /// What errors call the file: usually its path.
  public let name: String
  public let metadata: [String: String]
  public let entries: [String: Entry]
  let contents: [UInt8]

  /// - Throws: `.length`, `.badHeader`, `.badTensor`.
  public init(_ contents: [UInt8], name: String) throws(TensorFileError) {
    let header = try Self.headerRange(contents, name)
    let json: JSONValue
    do {
      json = try contents.withUnsafeBytes { bytes in
        try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[header]))
      }
    } catch { throw .badHeader(file: name, reason: "\(error)") }
    guard case .object(var members) = json else {
      throw .badHeader(file: name, reason: "its header is no JSON object")
    }
    metadata = try Self.metadata(members.removeValue(forKey: "__metadata__"), name)
    var entries: [String: Entry] = [:]
    for (tensor, description) in members {
      entries[tensor] = try Self.entry(description, tensor, origin: header.upperBound, name)
    }
    try Self.checkCover(entries, from: header.upperBound, to: contents.count, name)
    self.entries = entries
    self.contents = contents
    self.name = name
  }

  static func describe(_ type: ElementType, _ shape: [Int]) -> String {
    "\(type.rawValue) (\(shape.map(String.init).joined(separator: ", ")))"
  }

  private static func headerRange(_ contents: [UInt8], _ name: String) throws(TensorFileError) -> Range<Int> {
    guard contents.count >= 8 else {
      throw .length(file: name, reason: "\(contents.count) bytes, too few for a safetensors file")
    }
    let claimed = contents[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard claimed <= UInt64(min(contents.count - 8, largestHeader)) else {
      throw .length(
        file: name,
        reason:
          "truncated or not a safetensors file: \(contents.count) bytes, a header of \(claimed) is claimed")
    }
    return 8..<(8 + Int(claimed))
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
