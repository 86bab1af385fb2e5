// Protobuf's decoder copies every field. Weights are nearly all of a network's file, so their bytes are left out of
// what it sees and taken from where they lie.
// Encoding: https://protobuf.dev/programming-guides/encoding/

/// A serialised `ModelProto`, with the contents of the graph's constants apart from the rest.
struct TensorPayloads {
  /// The message without `graph.initializer[i].raw_data`.
  private(set) var remainder: [UInt8] = []
  /// Where each constant's `raw_data` lies in the file, by its place in the list; nil when it has none.
  private(set) var ranges: [Range<Int>?] = []

  /// Numbers in onnx.proto.
  private enum Field {
    static let graph = 7
    static let initializer = 5
    static let rawData = 9
  }

  /// Nil when the bytes are no message, or one that this does not take apart: for the decoder to judge as a whole.
  init?(splitting bytes: UnsafeRawBufferPointer) {
    guard let fields = MessageFields(bytes, 0..<bytes.count) else { return nil }
    let graphs = fields.entries.filter { $0.number == Field.graph }
    guard graphs.count == 1, let graph = graphs.first,
      let graphFields = MessageFields(bytes, graph.payload)
    else { return nil }
    var stripped: [UInt8] = []
    for field in graphFields.entries {
      guard field.number == Field.initializer else {
        stripped.append(contentsOf: bytes[field.whole])
        continue
      }
      guard let tensor = MessageFields(bytes, field.payload) else { return nil }
      ranges.append(tensor.entries.last { $0.number == Field.rawData }?.payload)
      let rest = tensor.entries.filter { $0.number != Field.rawData }
      stripped.appendField(Field.initializer, rest.flatMap { bytes[$0.whole] })
    }
    for field in fields.entries {
      if field.number == Field.graph {
        remainder.appendField(Field.graph, stripped)
      } else {
        remainder.append(contentsOf: bytes[field.whole])
      }
    }
  }
}

/// The fields of one message, undecoded.
private struct MessageFields {
  struct Entry {
    var number: Int
    /// Tag, length and contents.
    var whole: Range<Int>
    /// Contents of a length-delimited field, else empty.
    var payload: Range<Int>
  }

  private(set) var entries: [Entry] = []

  /// Nil when the bytes are no message, or have a group, which ONNX never has.
  init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    var place = range.lowerBound
    while place < range.upperBound {
      let start = place
      guard let tag = Self.varint(bytes, &place, range.upperBound) else { return nil }
      var payload = place..<place
      switch tag & 7 {
      case 0: guard Self.varint(bytes, &place, range.upperBound) != nil else { return nil }
      case 1: place += 8
      case 2:
        guard let length = Self.varint(bytes, &place, range.upperBound),
          length <= UInt64(range.upperBound - place)
        else { return nil }
        payload = place..<place + Int(length)
        place = payload.upperBound
      case 5: place += 4
      default: return nil
      }
      guard place <= range.upperBound, tag >> 3 <= Int32.max else { return nil }
      entries.append(Entry(number: Int(tag >> 3), whole: start..<place, payload: payload))
    }
  }

  private static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard place < end else { return nil }
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 127) << UInt64(shift)
      if byte < 128 { return value }
    }
    return nil
  }
}

extension [UInt8] {
  /// Appends a length-delimited field.
  fileprivate mutating func appendField(_ number: Int, _ contents: [UInt8]) {
    appendVarint(UInt64(number) << 3 | 2)
    appendVarint(UInt64(contents.count))
    append(contentsOf: contents)
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest > 127 {
      append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
