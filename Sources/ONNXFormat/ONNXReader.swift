// From protobuf messages to plain values. The only file that touches swift-protobuf's generated types.
// Field meanings: https://github.com/onnx/onnx/blob/main/docs/IR.md
internal import Foundation
internal import SwiftProtobuf

extension ONNXModel {
  /// Decodes a whole `.onnx` file.
  ///
  /// - Parameters:
  ///   - source: the file; none of it is kept but the tensors, each of which is read into its place.
  ///   - name: what errors call the file.
  /// - Throws: `ONNXFormatError` naming the file or the tensor.
  public init(reading source: some ByteSource, name: String) throws(ONNXFormatError) {
    var payloads = try TensorPayloads(reading: source, name: name)
    var message: OnnxModelProto
    do { message = try OnnxModelProto(serializedBytes: payloads.remainder) } catch {
      throw .malformed(name: name, byteCount: source.count, reason: "\(error)")
    }
    guard message.hasGraph else { throw .noGraph(name: name) }
    opsets = Dictionary(
      message.opsetImport.map { ($0.domain == "ai.onnx" ? "" : $0.domain, Int($0.version)) },
      uniquingKeysWith: max)
    metadata = Dictionary(
      message.metadataProps.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    producer = "\(message.producerName) \(message.producerVersion)"
    // Taken out of the message so that each tensor's bytes can be freed as soon as they are converted.
    var graphMessage = message.graph
    message = OnnxModelProto()
    graph = try ONNXGraph(&graphMessage) { payloads.take($0) }
  }

  /// Decodes a whole `.onnx` file held in an array.
  public init(bytes: [UInt8], name: String) throws(ONNXFormatError) {
    let result = bytes.withUnsafeBytes { buffer -> Result<ONNXModel, ONNXFormatError> in
      do throws(ONNXFormatError) {
        return .success(try ONNXModel(reading: MemorySource(buffer), name: name))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }
}

extension ONNXTensor {
  /// Decodes one serialised `TensorProto`, as found in the ONNX project's test data.
  public init(serialized bytes: [UInt8], name: String) throws(ONNXFormatError) {
    var message: OnnxTensorProto
    do {
      message = try OnnxTensorProto(serializedBytes: bytes)
    } catch {
      throw .malformed(name: name, byteCount: bytes.count, reason: "\(error)")
    }
    self = try ONNXTensor(&message)
  }
}

extension ONNXGraph {
  /// - Parameter payload: contents of a constant, by its place in the list, that are not in the message.
  fileprivate init(
    _ message: inout OnnxGraphProto, payload: (Int) -> [UInt8]?
  ) throws(ONNXFormatError) {
    name = message.name
    inputs = message.input.map(ONNXValueInfo.init)
    outputs = message.output.map(ONNXValueInfo.init)
    nodes = []
    nodes.reserveCapacity(message.node.count)
    for node in message.node { nodes.append(try ONNXNode(node)) }
    initializers = []
    initializers.reserveCapacity(message.initializer.count)
    for index in message.initializer.indices {
      initializers.append(try ONNXTensor(&message.initializer[index], payload: payload(index)))
    }
  }
}

extension ONNXNode {
  fileprivate init(_ message: OnnxNodeProto) throws(ONNXFormatError) {
    name = message.name.isEmpty ? message.output.first ?? "" : message.name
    operatorName = message.opType
    domain = message.domain == "ai.onnx" ? "" : message.domain
    inputs = message.input
    outputs = message.output
    attributes = [:]
    for attribute in message.attribute {
      attributes[attribute.name] = try ONNXAttribute(attribute)
    }
  }
}

extension ONNXAttribute {
  fileprivate init(_ message: OnnxAttributeProto) throws(ONNXFormatError) {
    switch message.type {
    case .float: self = .float(message.f)
    case .int: self = .int(Int(message.i))
    case .string: self = .string(String(decoding: message.s, as: UTF8.self))
    case .tensor:
      var tensor = message.t
      self = .tensor(try ONNXTensor(&tensor))
    case .floats: self = .floats(message.floats)
    case .ints: self = .ints(message.ints.map(Int.init))
    case .strings: self = .strings(message.strings.map { String(decoding: $0, as: UTF8.self) })
    default: self = .unsupported(kind: message.type.rawValue)
    }
  }
}

extension ONNXTensor {
  /// Moves the contents out of `message`, whichever of ONNX's typed fields holds them, or takes `payload`.
  fileprivate init(
    _ message: inout OnnxTensorProto, payload: [UInt8]? = nil
  ) throws(ONNXFormatError) {
    name = message.name
    shape = message.dims.map(Int.init)
    guard let type = ONNXElementType(rawValue: Int(message.dataType)), let width = type.byteCount else {
      throw .unknownElementType(tensor: message.name, code: Int(message.dataType))
    }
    guard message.dataLocation == .default else { throw .externalData(tensor: message.name) }
    self.type = type
    var elements = 1
    for length in shape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow, product < 1 << 40 else {
        throw .tensorSize(tensor: message.name, shape: shape, expectedBytes: -1, foundBytes: 0)
      }
      elements = product
    }
    bytes = []
    bytes = payload ?? message.takePayload(width: width)
    guard bytes.count == elements * width else {
      throw .tensorSize(
        tensor: name, shape: shape, expectedBytes: elements * width, foundBytes: bytes.count)
    }
  }
}

extension OnnxTensorProto {
  fileprivate mutating func takePayload(width: Int) -> [UInt8] {
    if !rawData.isEmpty {
      let contents = [UInt8](rawData)
      rawData = Data()
      return contents
    }
    if !floatData.isEmpty { return littleEndianBytes(floatData, width: 4) }
    if !int64Data.isEmpty { return littleEndianBytes(int64Data, width: 8) }
    if !doubleData.isEmpty { return littleEndianBytes(doubleData, width: 8) }
    // int32_data also carries the narrower integers, bool and float16, one element per entry.
    return littleEndianBytes(int32Data, width: width)
  }
}

/// The first `width` bytes of every element, in order.
private func littleEndianBytes<Element>(_ elements: [Element], width: Int) -> [UInt8] {
  var bytes = [UInt8]()
  bytes.reserveCapacity(elements.count * width)
  for element in elements {
    withUnsafeBytes(of: element) { bytes.append(contentsOf: $0.prefix(width)) }
  }
  return bytes
}

extension ONNXValueInfo {
  fileprivate init(_ message: OnnxValueInfoProto) {
    name = message.name
    let tensor = message.type.tensorType
    type = ONNXElementType(rawValue: Int(tensor.elemType))
    guard tensor.hasShape else {
      shape = nil
      return
    }
    shape = tensor.shape.dim.map { dimension in
      if case .dimValue(let length)? = dimension.value { return .fixed(Int(length)) }
      return .symbolic(dimension.dimParam)
    }
  }
}
