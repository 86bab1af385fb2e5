// Protobuf's decoder copies every field. Weights are nearly all of a network's file, so their bytes are left out of
// what it sees, and are read once, each tensor's into its place.

/// A serialised `ModelProto`, with the contents of the graph's constants apart from the rest.
struct TensorPayloads {
  /// The message without `graph.initializer[i].raw_data`.
  private(set) var remainder: [UInt8] = []
  /// Each constant's `raw_data`, by its place in the list; nil when it has none.
  private var contents: [[UInt8]?] = []

  /// Numbers in onnx.proto.
  private enum Field {
    static let graph = 7
    static let initializer = 5
    static let rawData = 9
  }

  /// - Throws: `.malformed` for what is no sequence of messages, `.unreadable`.
  init(reading source: some ByteSource, name: String) throws(ONNXFormatError) {
    var reader = FieldReader(source, name: name)
    while reader.position < reader.count {
      let tag = try reader.tag(before: reader.count)
      if tag.number == Field.graph, tag.kind == .lengthDelimited {
        remainder.appendField(Field.graph, try graph(&reader))
      } else {
        try reader.copyField(tag, before: reader.count, to: &remainder)
      }
    }
  }

  /// Gives the contents of a constant away.
  mutating func take(_ index: Int) -> [UInt8]? {
    defer { contents[index] = nil }
    return contents[index]
  }

  private mutating func graph(
    _ reader: inout FieldReader<some ByteSource>
  ) throws(ONNXFormatError) -> [UInt8] {
    let length = try reader.length(before: reader.count)
    let end = reader.position + length
    var rest: [UInt8] = []
    while reader.position < end {
      let tag = try reader.tag(before: end)
      if tag.number == Field.initializer, tag.kind == .lengthDelimited {
        rest.appendField(Field.initializer, try tensor(&reader, before: end))
      } else {
        try reader.copyField(tag, before: end, to: &rest)
      }
    }
    return rest
  }

  private mutating func tensor(
    _ reader: inout FieldReader<some ByteSource>, before graphEnd: Int
  ) throws(ONNXFormatError) -> [UInt8] {
    let length = try reader.length(before: graphEnd)
    let end = reader.position + length
    var rest: [UInt8] = []
    var payload: [UInt8]?
    while reader.position < end {
      let tag = try reader.tag(before: end)
      if tag.number == Field.rawData, tag.kind == .lengthDelimited {
        payload = try reader.bytes(try reader.length(before: end))
      } else {
        try reader.copyField(tag, before: end, to: &rest)
      }
    }
    contents.append(payload)
    return rest
  }
}
