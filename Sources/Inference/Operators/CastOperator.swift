// Cast between the element types the engine carries.
internal import ONNXFormat

enum CastOperator {
  static let all = [
    OperatorDefinition("Cast") { node throws(InferenceError) in
      guard let code = node.int("to"), let onnx = ONNXElementType(rawValue: code),
        let type = ElementType(onnx)
      else {
        throw node.unsupported("to", "\(node.int("to") ?? 0)", accepted: "float32, float64, integers, bool")
      }
      return try lower(node, to: type)
    },
    OperatorDefinition("CastLike") { node throws(InferenceError) in
      try lower(node, to: try node.type(1).type)
    },
  ]

  private static func lower(_ node: NodeContext, to type: ElementType) throws(InferenceError) -> Lowering {
    let source = try node.type(0)
    let result = TensorType(type, source.shape)
    if source.type == type { return Lowering([result], .view) }
    let count = source.elementCount
    return Lowering(
      [result],
      .general { inputs, outputs in
        guard let input = inputs[0] else { return { _ in } }
        let output = outputs[0]
        return { _ in
          for index in 0..<count {
            write(read(input, index, source.type), output, index, type)
          }
        }
      })
  }

  /// Every supported integer below 2^53 and every float passes through Double unchanged.
  private static func read(_ base: UnsafeRawPointer, _ index: Int, _ type: ElementType) -> Double {
    switch type {
    case .float32: Double(base.load(fromByteOffset: index * 4, as: Float.self))
    case .float64: base.load(fromByteOffset: index * 8, as: Double.self)
    case .int64: Double(base.load(fromByteOffset: index * 8, as: Int64.self))
    case .int32: Double(base.load(fromByteOffset: index * 4, as: Int32.self))
    case .int8: Double(base.load(fromByteOffset: index, as: Int8.self))
    case .uint8, .bool: Double(base.load(fromByteOffset: index, as: UInt8.self))
    }
  }

  /// Out-of-range and NaN values saturate, with NaN giving zero.
  private static func write(
    _ value: Double, _ base: UnsafeMutableRawPointer, _ index: Int, _ type: ElementType
  ) {
    func integer<Target: FixedWidthInteger>(_ type: Target.Type) -> Target {
      if value.isNaN { return 0 }
      let truncated = value.rounded(.towardZero)
      if let exact = Target(exactly: truncated) { return exact }
      return value < 0 ? .min : .max
    }
    switch type {
    case .float32: base.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
    case .float64: base.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
    case .int64: base.storeBytes(of: integer(Int64.self), toByteOffset: index * 8, as: Int64.self)
    case .int32: base.storeBytes(of: integer(Int32.self), toByteOffset: index * 4, as: Int32.self)
    case .int8: base.storeBytes(of: integer(Int8.self), toByteOffset: index, as: Int8.self)
    case .uint8: base.storeBytes(of: integer(UInt8.self), toByteOffset: index, as: UInt8.self)
    case .bool: base.storeBytes(of: value != 0 ? 1 : 0, toByteOffset: index, as: UInt8.self)
    }
  }
}
