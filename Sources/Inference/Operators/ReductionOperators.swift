// Reductions, softmax and layer normalisation.
internal import Kernels

enum ReductionOperators {
  static let all: [OperatorDefinition] = [
    reduce("ReduceMean", .mean, axesInputSince: 18), reduce("ReduceSum", .sum, axesInputSince: 13),
    reduce("ReduceMax", .maximum, axesInputSince: 18), reduce("ReduceMin", .minimum, axesInputSince: 18),
    reduce("ReduceL2", .l2, axesInputSince: 18), reduce("ReduceProd", .product, axesInputSince: 18),
    OperatorDefinition("Softmax", lowerSoftmax),
    OperatorDefinition("LayerNormalization", lowerLayerNormalization),
  ]

  private static func reduce(
    _ name: String, _ function: ReduceFunction, axesInputSince: Int
  ) -> OperatorDefinition {
    OperatorDefinition(name) { node throws(InferenceError) in
      let type = try node.floatType(0)
      var given = node.ints("axes")
      if node.opset >= axesInputSince {
        given = node.has(1) ? try node.constantIntegers(1, "axes") : nil
      }
      var axes = Set<Int>()
      for axis in given ?? [] { axes.insert(try node.axis(axis, rank: type.shape.count)) }
      if axes.isEmpty {
        if node.int("noop_with_empty_axes") == 1 { return Lowering([type], .view) }
        axes = Set(type.shape.indices)
      }
      let keeps = (node.int("keepdims") ?? 1) == 1
      let shape = type.shape.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : type.shape[$0] }
      let result = TensorType(.float32, shape)
      if function == .mean, type.shape.count == 4, axes == [2, 3] {
        return Lowering([result], .globalAverage)
      }
      return Lowering([result], reduction(function, type.shape, axes))
    }
  }

  static func reduction(_ function: ReduceFunction, _ shape: [Int], _ axes: Set<Int>) -> Operation {
    let reduction = Reduction(function, shape: shape, axes: axes)
    return .general { inputs, outputs in
      guard let source = inputs[0]?.assumingMemoryBound(to: Float.self) else { return { _ in } }
      let target = outputs[0].assumingMemoryBound(to: Float.self)
      return { executor in reduction(source, into: target, executor: executor) }
    }
  }

  /// Before opset 13 the axes from `axis` on count as one.
  @Sendable
  private static func lowerSoftmax(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.floatType(0)
    let rank = type.shape.count
    let axis = try node.axis(node.int("axis") ?? (node.opset < 13 ? 1 : -1), rank: rank)
    let outer = type.shape[..<axis].reduce(1, *)
    let flattens = node.opset < 13
    let count = flattens ? type.shape[axis...].reduce(1, *) : type.shape[axis]
    let step = flattens ? 1 : type.shape[(axis + 1)...].reduce(1, *)
    return Lowering(
      [type],
      .general { inputs, outputs in
        guard let source = inputs[0]?.assumingMemoryBound(to: Float.self) else { return { _ in } }
        let target = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          softmax(source, into: target, outer: outer, count: count, step: step, executor: executor)
        }
      })
  }

  @Sendable
  private static func lowerLayerNormalization(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.floatType(0)
    let axis = try node.axis(node.int("axis") ?? -1, rank: type.shape.count)
    let count = type.shape[axis...].reduce(1, *)
    let rows = type.shape[..<axis].reduce(1, *)
    let epsilon = node.float("epsilon") ?? 1e-5
    guard try node.type(1).elementCount == count else {
      throw node.mismatch("scale \(try node.shape(1)) does not fit rows of \(count)")
    }
    let moments = TensorType(
      .float32, type.shape.indices.map { $0 < axis ? type.shape[$0] : 1 })
    return Lowering(
      [type] + [TensorType](repeating: moments, count: node.outputCount - 1),
      .layerNormalization(axis: axis, epsilon: epsilon) { inputs, outputs in
        guard let source = inputs[0]?.assumingMemoryBound(to: Float.self) else { return { _ in } }
        let scale = inputs[1]?.assumingMemoryBound(to: Float.self)
        let bias = inputs.count > 2 ? inputs[2]?.assumingMemoryBound(to: Float.self) : nil
        let target = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          layerNormalization(
            source, into: target, rows: rows, count: count, scale: scale, bias: bias, epsilon: epsilon,
            executor: executor)
          for row in 0..<(outputs.count > 1 ? rows : 0) {
            let (mean, variance) = rowMoments(source + row * count, count)
            outputs[1].storeBytes(of: mean, toByteOffset: row * 4, as: Float.self)
            guard outputs.count > 2 else { continue }
            outputs[2].storeBytes(
              of: 1 / (variance + epsilon).squareRoot(), toByteOffset: row * 4, as: Float.self)
          }
        }
      })
  }
}
