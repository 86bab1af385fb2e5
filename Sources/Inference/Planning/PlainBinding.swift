// Steps on plain tensors for every operation: constant folding, the reference engine, and whatever has no
// blocked form.
internal import Kernels
internal import Quantities

enum PlainBinding {
  /// Builds the step of one node on placed buffers.
  static func bind(
    _ node: PlanNode, inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer]
  ) -> Step {
    let input = inputs.first??.assumingMemoryBound(to: Float.self)
    let target = outputs[0].assumingMemoryBound(to: Float.self)
    let type = node.outputs[0].type
    let count = type.elementCount
    switch node.operation {
    case .general(let binder), .transpose(_, let binder), .matrixMultiply(let binder),
      .layerNormalization(_, _, let binder):
      return binder(inputs, outputs)
    case .view, .seam: return view(inputs.first ?? nil, outputs[0], node.outputs[0].storageByteCount)
    case .unary(let function):
      guard let input else { return { _ in } }
      return { function.apply(input, into: target, count: count, executor: $0) }
    case .binary(let function): return binary(function, node, inputs, target)
    case .convolution(let convolution): return self.convolution(convolution, node, inputs, target)
    case .pool(let function, let window):
      guard let input else { return { _ in } }
      let planes = type.shape[0] * type.shape[1]
      return { poolPlain(function, input, into: target, planes: planes, window: window, executor: $0) }
    case .globalAverage:
      guard let input, let shape = node.inputs[0]?.type.shape else { return { _ in } }
      let reduction = Reduction(.mean, shape: shape, axes: Set(2..<shape.count))
      return { reduction(input, into: target, executor: $0) }
    case .resize(let rows, let columns): return resize(rows, columns, node, input, target)
    case .concatChannels:
      let shapes = node.inputs.compactMap { $0?.type.shape }
      return bindGeneral(MovementOperators.concatenation(shapes, along: 1, into: type), inputs, outputs)
    case .padPlane(let mode, let top, let left, _, _):
      guard let source = node.inputs[0]?.type else { return { _ in } }
      let padding = PadOperator.general(
        source, shape: type.shape, before: [0, 0, top, left], mode: mode, fill: [0, 0, 0, 0])
      return bindGeneral(padding, inputs, outputs)
    case .fusedConvolution, .fusedResize, .relayout, .channelNormalization:
      preconditionFailure("\(node.operatorName) exists on blocked tensors only.")
    case .channelAffine(let factor, let offset): return affine(factor, offset, type.shape, input, target)
    }
  }

  private static func bindGeneral(
    _ operation: Operation, _ inputs: [UnsafeRawPointer?], _ outputs: [UnsafeMutableRawPointer]
  ) -> Step {
    guard case .general(let binder) = operation else { return { _ in } }
    return binder(inputs, outputs)
  }

  private static func view(
    _ input: UnsafeRawPointer?, _ target: UnsafeMutableRawPointer, _ byteCount: Int
  ) -> Step {
    guard let input, input != UnsafeRawPointer(target) else { return { _ in } }
    return { _ in target.copyMemory(from: input, byteCount: byteCount) }
  }

  private static func binary(
    _ function: BinaryFunction, _ node: PlanNode, _ inputs: [UnsafeRawPointer?],
    _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    guard let left = inputs[0]?.assumingMemoryBound(to: Float.self),
      let right = inputs[1]?.assumingMemoryBound(to: Float.self),
      let a = node.inputs[0]?.type.shape, let b = node.inputs[1]?.type.shape
    else { return { _ in } }
    let walk = BroadcastWalk(output: node.outputs[0].type.shape, inputs: [a, b])
    return { function.apply(left, right, into: target, walk: walk, executor: $0) }
  }

  private static func convolution(
    _ convolution: Convolution, _ node: PlanNode, _ inputs: [UnsafeRawPointer?],
    _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    guard let image = inputs[0]?.assumingMemoryBound(to: Float.self),
      let weights = inputs[1]?.assumingMemoryBound(to: Float.self)
    else { return { _ in } }
    let bias = inputs.count > 2 ? inputs[2]?.assumingMemoryBound(to: Float.self) : nil
    let batch = node.outputs[0].type.shape[0]
    return { executor in
      referenceConvolution(
        image, weights: weights, bias: bias, into: target, batch: batch, inChannels: convolution.inChannels,
        outChannels: convolution.outChannels, groups: convolution.groups, window: convolution.window,
        executor: executor)
    }
  }

  private static func resize(
    _ rows: ResizeAxis, _ columns: ResizeAxis, _ node: PlanNode, _ input: UnsafePointer<Float>?,
    _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    guard let input, let shape = node.inputs[0]?.type.shape else { return { _ in } }
    let resize = PlainResize(inputHeight: shape[2], inputWidth: shape[3], rows: rows, columns: columns)
    return { resize(input, into: target, planes: shape[0] * shape[1], executor: $0) }
  }

  private static func affine(
    _ factor: [Float], _ offset: [Float], _ shape: [Int], _ input: UnsafePointer<Float>?,
    _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    guard let input else { return { _ in } }
    let channels = factor.count
    let plane = shape.dropFirst(2).reduce(1, *)
    let planes = shape.reduce(1, *) / plane
    return { executor in
      parallelChunks(executor, count: planes, grain: max(1, 16384 / plane)) { start, end in
        for index in start..<end {
          let channel = index % channels
          UnaryFunction.affine(factor: factor[channel], offset: offset[channel])
            .apply(input + index * plane, into: target + index * plane, count: plane)
        }
      }
    }
  }
}
