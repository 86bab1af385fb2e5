// Writes small safetensors files for tests, by hand, so that tests do not use the reader they test.

/// A safetensors file under construction; tensors lie in the order they were added.
public struct SafetensorsBuilder {
  public var metadata: [String: String]
  private var tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])] = []

  public init(metadata: [String: String]) {
    self.metadata = metadata
  }

  public mutating func add(_ name: String, _ values: [Float], _ shape: [Int]) {
    add(raw: values.withUnsafeBytes { [UInt8]($0) }, name, type: "F32", shape)
  }

  public mutating func add(raw bytes: [UInt8], _ name: String, type: String, _ shape: [Int]) {
    tensors.append((name, type, shape, bytes))
  }

  public mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

  public var file: [UInt8] {
    var entries = [
      "\"__metadata__\":{"
        + metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        + "}"
    ]
    var data: [UInt8] = []
    for tensor in tensors {
      let end = data.count + tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(data.count),\(end)]}")
      data += tensor.bytes
    }
    return Self.file(header: "{" + entries.joined(separator: ",") + "}", data: data)
  }

  /// A file with any header, also a wrong one.
  public static func file(header: String, data: [UInt8]) -> [UInt8] {
    var text = Array(header.utf8)
    while (8 + text.count) % 64 != 0 { text.append(0x20) }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }
}
