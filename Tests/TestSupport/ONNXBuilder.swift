// Writes small ONNX files for tests: just enough of protobuf's wire format, by hand, so that tests do not use
// the reader they test.

/// A protobuf message under construction.
public struct ProtobufMessage {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  public mutating func add(_ field: Int, _ value: Int) {
    varint(UInt64(field) << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  public mutating func add(_ field: Int, _ payload: [UInt8]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(payload.count))
    bytes += payload
  }

  public mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
  public mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }
}

/// A small ONNX graph under construction.
public struct ONNXBuilder {
  private var graph = ProtobufMessage()
  private var metadata: [(String, String)] = []

  public init() {}

  /// A float input or output; an axis of nil is free.
  private static func info(_ name: String, _ shape: [Int?]) -> ProtobufMessage {
    var dimensions = ProtobufMessage()
    for (index, length) in shape.enumerated() {
      var dimension = ProtobufMessage()
      if let length { dimension.add(1, length) } else { dimension.add(2, "axis\(index)") }
      dimensions.add(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, 1)
    tensor.add(2, dimensions)
    var type = ProtobufMessage()
    type.add(1, tensor)
    var info = ProtobufMessage()
    info.add(1, name)
    info.add(2, type)
    return info
  }

  public mutating func input(_ name: String, _ shape: [Int?]) { graph.add(11, Self.info(name, shape)) }
  public mutating func output(_ name: String, _ shape: [Int?]) { graph.add(12, Self.info(name, shape)) }

  /// A float constant.
  public mutating func weights(_ name: String, _ values: [Float], _ shape: [Int]) {
    var tensor = ProtobufMessage()
    for length in shape { tensor.add(1, length) }
    tensor.add(2, 1)
    tensor.add(8, name)
    tensor.add(9, values.withUnsafeBytes { [UInt8]($0) })
    graph.add(5, tensor)
  }

  /// A node with integer and integer-list attributes.
  public mutating func node(
    _ operatorName: String, _ inputs: [String], _ outputs: [String], name: String = "",
    ints: [String: [Int]] = [:], strings: [String: String] = [:]
  ) {
    var node = ProtobufMessage()
    for input in inputs { node.add(1, input) }
    for output in outputs { node.add(2, output) }
    node.add(3, name)
    node.add(4, operatorName)
    for (key, values) in ints.sorted(by: { $0.key < $1.key }) {
      var attribute = ProtobufMessage()
      attribute.add(1, key)
      for value in values { attribute.add(8, value) }
      attribute.add(20, 7)
      node.add(5, attribute)
    }
    for (key, value) in strings.sorted(by: { $0.key < $1.key }) {
      var attribute = ProtobufMessage()
      attribute.add(1, key)
      attribute.add(4, value)
      attribute.add(20, 3)
      node.add(5, attribute)
    }
    graph.add(1, node)
  }

  public mutating func metadata(_ key: String, _ value: String) { metadata.append((key, value)) }

  /// The complete file, operator set 17.
  public var file: [UInt8] {
    var opset = ProtobufMessage()
    opset.add(2, 17)
    var model = ProtobufMessage()
    model.add(1, 8)
    model.add(7, graph)
    model.add(8, opset)
    for (key, value) in metadata {
      var entry = ProtobufMessage()
      entry.add(1, key)
      entry.add(2, value)
      model.add(14, entry)
    }
    return model.bytes
  }
}
