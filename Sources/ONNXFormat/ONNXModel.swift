// An ONNX file as plain Swift values: no protobuf type and no Foundation type leaves this module.

/// A decoded ONNX file.
public struct ONNXModel: Sendable {
  public var producer: String
  /// Operator-set version per domain; the standard domain is the empty string.
  public var opsets: [String: Int]
  /// `metadata_props` of the file.
  public var metadata: [String: String]
  public var graph: ONNXGraph
}

/// The one graph of a model: nodes in topological order, constants, declared inputs and outputs.
public struct ONNXGraph: Sendable {
  public var name: String
  public var nodes: [ONNXNode]
  public var initializers: [ONNXTensor]
  public var inputs: [ONNXValueInfo]
  public var outputs: [ONNXValueInfo]
}

/// One operator call. An absent optional input or output has an empty name.
public struct ONNXNode: Sendable {
  public var name: String
  public var operatorName: String
  public var domain: String
  public var inputs: [String]
  public var outputs: [String]
  public var attributes: [String: ONNXAttribute]

  public init(
    name: String, operatorName: String, domain: String = "", inputs: [String], outputs: [String],
    attributes: [String: ONNXAttribute] = [:]
  ) {
    self.name = name
    self.operatorName = operatorName
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }
}

/// The value of one attribute.
public enum ONNXAttribute: Sendable {
  case float(Float)
  case int(Int)
  case string(String)
  case tensor(ONNXTensor)
  case floats([Float])
  case ints([Int])
  case strings([String])
  /// A kind this reader does not know (sub-graphs, sparse tensors), by its number in onnx.proto.
  case unsupported(kind: Int)
}

/// Element types as numbered in onnx.proto.
public enum ONNXElementType: Int, Sendable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13

  /// Bytes of one element in `raw_data`; nil for strings.
  public var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    case .string: nil
    }
  }
}

/// A constant tensor: little-endian elements in row-major order.
public struct ONNXTensor: Sendable {
  public var name: String
  public var type: ONNXElementType
  public var shape: [Int]
  public var bytes: [UInt8]

  public init(name: String, type: ONNXElementType, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

/// Declared type of a graph input or output.
public struct ONNXValueInfo: Sendable {
  /// One axis: a number, or a name for an axis whose length the caller chooses.
  public enum Dimension: Sendable, Equatable {
    case fixed(Int)
    case symbolic(String)
  }

  public var name: String
  public var type: ONNXElementType?
  /// Nil when the file does not say.
  public var shape: [Dimension]?
}
