// Element-wise functions of two or more tensors, with NumPy broadcasting.
internal import Kernels

enum BinaryOperators {
  static let all: [OperatorDefinition] = [
    arithmetic("Add", .add), arithmetic("Sub", .subtract), arithmetic("Mul", .multiply),
    arithmetic("Div", .divide), arithmetic("Pow", .power), variadic("Min", .minimum),
    variadic("Max", .maximum),
    comparison("Equal", .equal), comparison("Greater", .greater), comparison("Less", .less),
    comparison("GreaterOrEqual", .greaterOrEqual), comparison("LessOrEqual", .lessOrEqual),
    OperatorDefinition("Where", lowerWhere),
    OperatorDefinition("Not") { node throws(InferenceError) in
      let type = try node.type(0)
      guard type.type == .bool else {
        throw .unsupportedType(node: node.name, operatorName: "Not", found: type.type.rawValue)
      }
      let count = type.elementCount
      return Lowering(
        [type],
        .general { inputs, outputs in
          guard let source = inputs[0] else { return { _ in } }
          let target = outputs[0]
          return { _ in
            for index in 0..<count {
              target.storeBytes(
                of: source.load(fromByteOffset: index, as: UInt8.self) == 0 ? 1 : 0, toByteOffset: index,
                as: UInt8.self)
            }
          }
        })
    },
  ]

  private static func arithmetic(_ name: String, _ function: BinaryFunction) -> OperatorDefinition {
    OperatorDefinition(name) { node throws(InferenceError) in
      let (shape, type) = try broadcast(node, 0, 1)
      // A float raised to an integer power: the exponent is converted once, at planning time.
      guard type == .float32 else {
        return Lowering([TensorType(type, shape)], try integerBinary(node, function, type, shape))
      }
      return Lowering([TensorType(type, shape)], .binary(function))
    }
  }

  /// Min and Max take any number of inputs; all in one pass over a chain of two-input steps.
  private static func variadic(_ name: String, _ function: BinaryFunction) -> OperatorDefinition {
    OperatorDefinition(name) { node throws(InferenceError) in
      if node.inputCount == 1 { return Lowering([try node.type(0)], .view) }
      if node.inputCount == 2 {
        let (shape, type) = try broadcast(node, 0, 1)
        if type == .float32 { return Lowering([TensorType(type, shape)], .binary(function)) }
        return Lowering([TensorType(type, shape)], try integerBinary(node, function, type, shape))
      }
      return try lowerMany(node, function)
    }
  }

  private static func lowerMany(
    _ node: NodeContext, _ function: BinaryFunction
  ) throws(InferenceError) -> Lowering {
    var shape = try node.floatType(0).shape
    for position in 1..<node.inputCount {
      let other = try node.floatType(position).shape
      guard let joined = broadcastShape(shape, other) else {
        throw node.mismatch("shapes \(shape) and \(other) do not broadcast")
      }
      shape = joined
    }
    var walks: [BroadcastWalk] = []
    for position in 0..<node.inputCount {
      walks.append(BroadcastWalk(output: shape, inputs: [shape, try node.shape(position)]))
    }
    let count = shape.reduce(1, *)
    let identity: Float = function == .minimum ? .infinity : -.infinity
    let prepared = walks
    return Lowering(
      [TensorType(.float32, shape)],
      .general { inputs, outputs in
        let sources = inputs.compactMap { $0?.assumingMemoryBound(to: Float.self) }
        let target = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          target.update(repeating: identity, count: count)
          for index in sources.indices {
            function.apply(target, sources[index], into: target, walk: prepared[index], executor: executor)
          }
        }
      })
  }

  static func broadcast(
    _ node: NodeContext, _ left: Int, _ right: Int
  ) throws(InferenceError) -> ([Int], ElementType) {
    let a = try node.type(left)
    let b = try node.type(right)
    guard let shape = broadcastShape(a.shape, b.shape) else {
      throw node.mismatch("shapes \(a.shape) and \(b.shape) do not broadcast")
    }
    guard a.type == b.type else {
      throw .unsupportedType(
        node: node.name, operatorName: node.operatorName,
        found: "\(a.type.rawValue) with \(b.type.rawValue)")
    }
    return (shape, a.type)
  }

  private static func integerBinary(
    _ node: NodeContext, _ function: BinaryFunction, _ type: ElementType, _ shape: [Int]
  ) throws(InferenceError) -> Operation {
    let walk = BroadcastWalk(output: shape, inputs: [try node.shape(0), try node.shape(1)])
    switch type {
    case .int64: return zipped(walk, Int64.self, Int64.self) { function.reference($0, $1) }
    case .int32: return zipped(walk, Int32.self, Int32.self) { function.reference($0, $1) }
    default:
      throw .unsupportedType(
        node: node.name, operatorName: node.operatorName, found: type.rawValue)
    }
  }

  private enum Comparison { case equal, greater, less, greaterOrEqual, lessOrEqual }

  private static func comparison(_ name: String, _ relation: Comparison) -> OperatorDefinition {
    OperatorDefinition(name) { node throws(InferenceError) in
      let (shape, type) = try broadcast(node, 0, 1)
      let walk = BroadcastWalk(output: shape, inputs: [try node.shape(0), try node.shape(1)])
      let operation: Operation
      switch type {
      case .float32: operation = compared(walk, Float.self, relation)
      case .int64: operation = compared(walk, Int64.self, relation)
      case .int32: operation = compared(walk, Int32.self, relation)
      case .bool, .uint8: operation = compared(walk, UInt8.self, relation)
      case .int8: operation = compared(walk, Int8.self, relation)
      case .float64: operation = compared(walk, Double.self, relation)
      }
      return Lowering([TensorType(.bool, shape)], operation)
    }
  }

  private static func compared<Element: Comparable>(
    _ walk: BroadcastWalk, _ type: Element.Type, _ relation: Comparison
  ) -> Operation {
    zipped(walk, Element.self, UInt8.self) { a, b in
      let holds =
        switch relation {
        case .equal: a == b
        case .greater: a > b
        case .less: a < b
        case .greaterOrEqual: a >= b
        case .lessOrEqual: a <= b
        }
      return holds ? 1 : 0
    }
  }

  /// A general element-by-element step; the small integer tensors it serves need no vector code.
  private static func zipped<Element, Result>(
    _ walk: BroadcastWalk, _ type: Element.Type, _ result: Result.Type,
    _ function: @escaping (Element, Element) -> Result
  ) -> Operation {
    .general { inputs, outputs in
      guard let a = inputs[0]?.assumingMemoryBound(to: Element.self),
        let b = inputs[1]?.assumingMemoryBound(to: Element.self)
      else { return { _ in } }
      let target = outputs[0].assumingMemoryBound(to: Result.self)
      return { _ in
        walk.forEachRun(from: 0, to: walk.runCount) { o, i, j, _ in
          for index in 0..<walk.runLength {
            target[o + index] = function(
              a[i + index * walk.innerStride(0)], b[j + index * walk.innerStride(1)])
          }
        }
      }
    }
  }

  @Sendable
  private static func lowerWhere(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let (values, type) = try broadcast(node, 1, 2)
    let condition = try node.shape(0)
    guard let shape = broadcastShape(values, condition) else {
      throw node.mismatch("shapes \(condition) and \(values) do not broadcast")
    }
    let walk = BroadcastWalk(
      output: shape, inputs: [condition, try node.shape(1), try node.shape(2)])
    let operation: Operation
    switch type.byteCount {
    case 8: operation = selected(walk, UInt64.self)
    case 4: operation = selected(walk, UInt32.self)
    default: operation = selected(walk, UInt8.self)
    }
    return Lowering([TensorType(type, shape)], operation)
  }

  private static func selected<Element>(_ walk: BroadcastWalk, _ type: Element.Type) -> Operation {
    .general { inputs, outputs in
      guard let condition = inputs[0]?.assumingMemoryBound(to: UInt8.self),
        let a = inputs[1]?.assumingMemoryBound(to: Element.self),
        let b = inputs[2]?.assumingMemoryBound(to: Element.self)
      else { return { _ in } }
      let target = outputs[0].assumingMemoryBound(to: Element.self)
      return { _ in
        walk.forEachRun(from: 0, to: walk.runCount) { o, c, i, j in
          for index in 0..<walk.runLength {
            target[o + index] =
              condition[c + index * walk.innerStride(0)] != 0
              ? a[i + index * walk.innerStride(1)] : b[j + index * walk.innerStride(2)]
          }
        }
      }
    }
  }
}
