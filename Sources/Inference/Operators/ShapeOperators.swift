// Operators that change a tensor's shape or produce constants; most cost nothing at run time.
internal import Kernels

enum ShapeOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("Identity") { node throws(InferenceError) in Lowering([try node.type(0)], .view) },
    OperatorDefinition("Dropout", lowerDropout),
    OperatorDefinition("Reshape", lowerReshape),
    OperatorDefinition("Flatten", lowerFlatten),
    OperatorDefinition("Squeeze", lowerSqueeze),
    OperatorDefinition("Unsqueeze", lowerUnsqueeze),
    OperatorDefinition("Shape", lowerShape),
    OperatorDefinition("Size") { node throws(InferenceError) in
      Lowering(constant: Tensor([Int64(try node.type(0).elementCount)], shape: []))
    },
    OperatorDefinition("Constant", lowerConstant),
    OperatorDefinition("ConstantOfShape", lowerConstantOfShape),
    OperatorDefinition("Range", lowerRange),
  ]

  private static func viewed(_ node: NodeContext, _ shape: [Int]) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    guard shape.reduce(1, *) == type.elementCount else {
      throw node.mismatch("cannot view shape \(type.shape) as \(shape)")
    }
    return Lowering([TensorType(type.type, shape)], .view)
  }

  /// Inference only: the input itself, and a mask of ones where asked for.
  @Sendable
  private static func lowerDropout(_ node: NodeContext) throws(InferenceError) -> Lowering {
    if node.has(2), let training = try node.constant(2, "training_mode").integers, training.first == 1,
      node.has(1), try node.constant(1, "ratio").floats.first != 0
    {
      throw node.unsupported("training_mode", "true", accepted: "false")
    }
    let type = try node.type(0)
    guard node.outputCount > 1 else { return Lowering([type], .view) }
    let mask = TensorType(.bool, type.shape)
    return Lowering(
      [type, mask],
      .general { inputs, outputs in
        guard let source = inputs[0] else { return { _ in } }
        let (copy, ones) = (outputs[0], outputs[1])
        return { _ in
          copy.copyMemory(from: source, byteCount: type.byteCount)
          ones.initializeMemory(as: UInt8.self, repeating: 1, count: mask.elementCount)
        }
      })
  }

  @Sendable
  private static func lowerReshape(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    var shape: [Int]
    if node.opset < 5, let attribute = node.ints("shape") {
      shape = attribute
    } else {
      shape = try node.constantIntegers(1, "shape")
    }
    if node.int("allowzero") != 1 {
      for axis in shape.indices where shape[axis] == 0 {
        guard axis < type.shape.count else { throw node.mismatch("shape \(shape) copies a missing axis") }
        shape[axis] = type.shape[axis]
      }
    }
    if let free = shape.firstIndex(of: -1) {
      let known = shape.enumerated().reduce(1) { $1.offset == free ? $0 : $0 * $1.element }
      guard known > 0, type.elementCount % known == 0 else {
        throw node.mismatch("cannot view shape \(type.shape) as \(shape)")
      }
      shape[free] = type.elementCount / known
    }
    return try viewed(node, shape)
  }

  @Sendable
  private static func lowerFlatten(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.shape(0)
    let axis = node.int("axis") ?? 1
    let split = axis < 0 ? axis + shape.count : axis
    guard split >= 0 && split <= shape.count else { throw node.mismatch("axis \(axis) is out of range") }
    return try viewed(node, [shape[..<split].reduce(1, *), shape[split...].reduce(1, *)])
  }

  /// Axes are an attribute before opset 13 and an input since.
  private static func axes(_ node: NodeContext) throws(InferenceError) -> [Int]? {
    if node.opset < 13 { return node.ints("axes") }
    return node.has(1) ? try node.constantIntegers(1, "axes") : nil
  }

  @Sendable
  private static func lowerSqueeze(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.shape(0)
    guard let axes = try axes(node) else { return try viewed(node, shape.filter { $0 != 1 }) }
    var dropped = Set<Int>()
    for axis in axes { dropped.insert(try node.axis(axis, rank: shape.count)) }
    guard dropped.allSatisfy({ shape[$0] == 1 }) else {
      throw node.mismatch("cannot squeeze axes \(axes) of shape \(shape)")
    }
    return try viewed(node, shape.indices.filter { !dropped.contains($0) }.map { shape[$0] })
  }

  @Sendable
  private static func lowerUnsqueeze(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.shape(0)
    let axes = try axes(node) ?? []
    let rank = shape.count + axes.count
    var added = Set<Int>()
    for axis in axes { added.insert(try node.axis(axis, rank: rank)) }
    var remaining = shape[...]
    let result = (0..<rank).map { added.contains($0) ? 1 : remaining.popFirst() ?? 1 }
    return try viewed(node, result)
  }

  @Sendable
  private static func lowerShape(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.shape(0)
    func clamped(_ position: Int) -> Int {
      max(0, min(shape.count, position < 0 ? position + shape.count : position))
    }
    let start = clamped(node.int("start") ?? 0)
    let end = clamped(node.int("end") ?? shape.count)
    return Lowering(constant: Tensor(indices: Array(shape[start..<max(start, end)])))
  }

  @Sendable
  private static func lowerConstant(_ node: NodeContext) throws(InferenceError) -> Lowering {
    if let tensor = try node.tensor("value") { return Lowering(constant: tensor) }
    if let value = node.float("value_float") { return Lowering(constant: Tensor([value], shape: [])) }
    if let value = node.int("value_int") { return Lowering(constant: Tensor([Int64(value)], shape: [])) }
    if let values = node.ints("value_ints") { return Lowering(constant: Tensor(indices: values)) }
    if let values = node.floats("value_floats") {
      return Lowering(constant: Tensor(values, shape: [values.count]))
    }
    throw node.unsupported(
      "value", node.attributeNames.joined(separator: ", "),
      accepted: "value, value_float, value_floats, value_int, value_ints")
  }

  @Sendable
  private static func lowerConstantOfShape(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.constantIntegers(0, "shape")
    let count = shape.reduce(1, *)
    guard let value = try node.tensor("value") else {
      return Lowering(constant: Tensor([Float](repeating: 0, count: count), shape: shape))
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * value.type.byteCount)
    for _ in 0..<count { bytes.append(contentsOf: value.bytes) }
    return Lowering(constant: Tensor(type: value.type, shape: shape, bytes: bytes))
  }

  @Sendable
  private static func lowerRange(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let start = try node.constant(0, "start")
    let limit = try node.constant(1, "limit")
    let delta = try node.constant(2, "delta")
    if let first = start.integers?.first, let end = limit.integers?.first, let step = delta.integers?.first,
      step != 0
    {
      let values = stride(from: first, to: end, by: step).map(Int64.init)
      guard start.type == .int64 else {
        let narrow = values.map(Int32.init)
        return Lowering(
          constant: Tensor(
            type: .int32, shape: [narrow.count], bytes: narrow.withUnsafeBytes { [UInt8]($0) }))
      }
      return Lowering(constant: Tensor(values, shape: [values.count]))
    }
    guard let first = start.floats.first, let end = limit.floats.first, let step = delta.floats.first,
      step != 0
    else {
      throw .unsupportedType(node: node.name, operatorName: "Range", found: start.type.rawValue)
    }
    let count = max(0, Int(((end - first) / step).rounded(.up)))
    return Lowering(constant: Tensor((0..<count).map { first + Float($0) * step }, shape: [count]))
  }
}
