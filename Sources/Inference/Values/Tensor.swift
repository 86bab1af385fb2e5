// Tensors outside a running session: constants, inputs and outputs of tools and tests.
public import ONNXFormat

/// The element types the engine computes with or carries.
public enum ElementType: String, Sendable {
  case float32, float64, int64, int32, int8, uint8, bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .int8, .uint8, .bool: 1
    }
  }

  /// The type of an ONNX tensor, or nil when the engine has no use for it.
  public init?(_ type: ONNXElementType) {
    switch type {
    case .float32: self = .float32
    case .float64: self = .float64
    case .int64: self = .int64
    case .int32: self = .int32
    case .int8: self = .int8
    case .uint8: self = .uint8
    case .bool: self = .bool
    default: return nil
    }
  }
}

/// A dense row-major tensor that owns its bytes.
public struct Tensor: Sendable, Equatable {
  public let type: ElementType
  public let shape: [Int]
  public private(set) var bytes: [UInt8]

  /// - Precondition: `bytes` holds exactly the elements of `shape`.
  public init(type: ElementType, shape: [Int], bytes: [UInt8]) {
    precondition(
      bytes.count == shape.reduce(1, *) * type.byteCount, "A tensor's bytes must match its shape.")
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  public init(_ values: [Float], shape: [Int]) {
    self.init(type: .float32, shape: shape, bytes: values.withUnsafeBytes { [UInt8]($0) })
  }

  public init(_ values: [Int64], shape: [Int]) {
    self.init(type: .int64, shape: shape, bytes: values.withUnsafeBytes { [UInt8]($0) })
  }

  /// One integer per axis or index, as ONNX passes shapes.
  public init(indices: [Int]) {
    self.init(indices.map(Int64.init), shape: [indices.count])
  }

  public var elementCount: Int { shape.reduce(1, *) }

  /// The elements as floats; empty unless the type is float32.
  public var floats: [Float] {
    guard type == .float32 else { return [] }
    return elements(as: Float.self)
  }

  /// The elements as integers, for int64, int32, int8, uint8 and bool; nil for floating point.
  public var integers: [Int]? {
    switch type {
    case .int64: elements(as: Int64.self).map(Int.init)
    case .int32: elements(as: Int32.self).map(Int.init)
    case .int8: elements(as: Int8.self).map(Int.init)
    case .uint8, .bool: bytes.map(Int.init)
    case .float32, .float64: nil
    }
  }

  /// The elements of a tensor whose type has the same width as `Element`.
  package func elements<Element: BitwiseCopyable>(as: Element.Type) -> [Element] {
    let count = elementCount
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
      }
      initialized = count
    }
  }

  /// Multiplies all floats of each row, an index of the first axis, by its factor; in place unless others hold the
  /// tensor too.
  package mutating func multiplyRows(by factors: [Float]) {
    let rowLength = elementCount / max(1, factors.count)
    bytes.withUnsafeMutableBytes { bytes in
      let values = bytes.bindMemory(to: Float.self)
      for (row, factor) in factors.enumerated() where factor != 1 {
        for index in row * rowLength..<(row + 1) * rowLength { values[index] *= factor }
      }
    }
  }

  /// The same elements under another shape of equal size.
  package func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(type: type, shape: shape, bytes: bytes)
  }
}

/// Type and shape of a value, without its elements.
public struct TensorType: Sendable, Equatable, CustomStringConvertible {
  public var type: ElementType
  public var shape: [Int]

  public init(_ type: ElementType, _ shape: [Int]) {
    self.type = type
    self.shape = shape
  }

  public var elementCount: Int { shape.reduce(1, *) }
  package var byteCount: Int { elementCount * type.byteCount }
  public var description: String { "\(type.rawValue) \(shape)" }
}
