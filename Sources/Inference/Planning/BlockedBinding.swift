// Steps on channel-blocked tensors.
internal import Kernels
internal import Quantities

/// Prepares weights and builds steps; scratch is shared by all convolutions, which run one after another.
struct BlockedBinding {
  let parts: Int
  let kernels: MicroKernels
  private(set) var scratchFloats = 0
  private var prepared: [ObjectIdentifier: any PreparedConvolution] = [:]

  init(parts: Int, kernels: MicroKernels) {
    self.parts = parts
    self.kernels = kernels
  }

  /// Packs the weights of all convolutions, several at once. The unpacked ones of each are dropped as soon as it is
  /// packed; the largest come first, because for a moment there are both.
  mutating func prepare(_ nodes: [PlanNode], _ executor: any ParallelExecutor) {
    let convolutions = nodes.filter { if case .fusedConvolution = $0.operation { true } else { false } }
      .sorted { weightCount($0) > weightCount($1) }
    var results = [(any PreparedConvolution)?](repeating: nil, count: convolutions.count)
    results.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      // Allocates, which only the work of a frame must not.
      WorkQueue(parts: parts).run(units: convolutions.count, executor) { unit, _ in
        slots[unit] = packed(convolutions[unit])
      }
    }
    for (node, result) in zip(convolutions, results) {
      guard let convolution = result else { continue }
      scratchFloats = max(scratchFloats, (convolution.scratchFloats + 15) / 16 * 16)
      prepared[ObjectIdentifier(node)] = convolution
    }
  }

  private func weightCount(_ node: PlanNode) -> Int {
    if case .fusedConvolution(let fused) = node.operation { fused.weightCount } else { 0 }
  }

  /// A convolution with its weights packed; the node has none any more.
  private func packed(_ node: PlanNode) -> (any PreparedConvolution)? {
    guard case .fusedConvolution(var fused) = node.operation else { return nil }
    var weights = fused.takeWeights()
    node.operation = .fusedConvolution(fused)
    // Nobody else holds them now, unless the model is kept.
    weights.multiplyRows(by: fused.factors)
    let segments = fused.repetitions.indices.compactMap { index -> InputSegment? in
      guard let value = node.inputs[index] else { return nil }
      let shape = value.type.shape
      return InputSegment(
        channels: shape[1], height: shape[2], width: shape[3], repetition: fused.repetitions[index],
        isBlocked: value.layout == .blocked)
    }
    let plan = ConvolutionPlan(
      window: fused.window, segments: segments, border: fused.border, outChannels: fused.outChannels,
      minimum: fused.minimum, maximum: fused.maximum, function: fused.function, hasScale: fused.hasScale)
    return weights.bytes.withUnsafeBytes { bytes in
      guard let weights = bytes.bindMemory(to: Float.self).baseAddress else { return nil }
      return packed(fused, weights, plan)
    }
  }

  private func packed(
    _ fused: FusedConvolution, _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan
  ) -> any PreparedConvolution {
    let bias = fused.bias
    switch fused.kernel {
    case .depthwise:
      return DepthwiseConvolution(plan, weights: weights, bias: bias, parts: parts, kernels: kernels)
    case .singleChannel:
      return SingleChannelConvolution(plan, weights: weights, bias: bias, parts: parts, kernels: kernels)
    case .winograd:
      return WinogradConvolution(plan, weights: weights, bias: bias, parts: parts, kernels: kernels)
    case .direct: return DirectConvolution(plan, weights: weights, bias: bias, parts: parts, kernels: kernels)
    }
  }

  /// The kernel of a prepared convolution; nil for other nodes.
  func kernelName(_ node: PlanNode) -> String? { prepared[ObjectIdentifier(node)]?.kernelName }

  /// Builds a step, or nil when the node runs on plain tensors.
  func bind(
    _ node: PlanNode, inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer],
    scratch: UnsafeMutablePointer<Float>, keeping storage: inout [AlignedBytes]
  ) -> Step? {
    let target = outputs[0].assumingMemoryBound(to: Float.self)
    let floats = inputs.compactMap { $0?.assumingMemoryBound(to: Float.self) }
    if case .fusedConvolution(let fused) = node.operation {
      return convolution(node, fused, floats, target, scratch, &storage)
    }
    if case .globalAverage = node.operation { return average(node, floats, target) }
    if case .relayout = node.operation { return relayout(node, floats[0], target) }
    guard node.outputs[0].layout == .blocked, let shape = node.inputs[0]?.type.shape else { return nil }
    return blocked(node, shape, floats, target)
  }

  private func convolution(
    _ node: PlanNode, _ fused: FusedConvolution, _ inputs: [UnsafePointer<Float>],
    _ target: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    _ storage: inout [AlignedBytes]
  ) -> Step {
    guard let convolution = prepared[ObjectIdentifier(node)] else { return { _ in } }
    let count = fused.repetitions.count
    let table = AlignedBytes(count: count * MemoryLayout<UnsafePointer<Float>>.stride)
    storage.append(table)
    let sources = table.base.bindMemory(to: UnsafePointer<Float>.self, capacity: count)
    for index in 0..<count { sources[index] = inputs[index] }
    let buffers = ConvolutionBuffers(
      sources: sources, scale: fused.scaleIndex.map { inputs[$0] },
      residual: fused.residualIndex.map { inputs[$0] }, output: target, scratch: scratch)
    return { convolution.run(buffers, $0) }
  }

  private func average(
    _ node: PlanNode, _ inputs: [UnsafePointer<Float>], _ target: UnsafeMutablePointer<Float>
  ) -> Step? {
    let values = node.inputs.compactMap { $0 }
    guard values.contains(where: { $0.layout == .blocked }) || values.count > 1 else { return nil }
    var steps: [Step] = []
    var channel = 0
    for (value, input) in zip(values, inputs) {
      let shape = value.type.shape
      let result = target + channel
      let plane = shape[2] * shape[3]
      if value.layout == .blocked {
        steps.append {
          averageBlocked(input, into: result, channels: shape[1], plane: plane, executor: $0)
        }
      } else {
        let reduction = Reduction(.mean, shape: shape, axes: [2, 3])
        steps.append { reduction(input, into: result, executor: $0) }
      }
      channel += shape[1]
    }
    let all = steps
    return { executor in for step in all { step(executor) } }
  }

  private func relayout(
    _ node: PlanNode, _ input: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    let shape = node.outputs[0].type.shape
    let plane = shape[2] * shape[3]
    let channels = shape[1]
    if node.outputs[0].layout == .blocked {
      return { blockChannels(input, into: target, channels: channels, plane: plane, executor: $0) }
    }
    return { unblockChannels(input, into: target, channels: channels, plane: plane, executor: $0) }
  }

  private func blocked(
    _ node: PlanNode, _ shape: [Int], _ inputs: [UnsafePointer<Float>], _ target: UnsafeMutablePointer<Float>
  ) -> Step? {
    let result = node.outputs[0].type.shape
    let blocks = (shape[1] + 7) / 8
    let count = node.outputs[0].storageByteCount / 4
    let input = inputs[0]
    switch node.operation {
    case .unary(let function): return { function.apply(input, into: target, count: count, executor: $0) }
    case .binary(let function): return binary(function, node, inputs, target)
    case .pool(let function, let window):
      return { poolBlocked(function, input, into: target, blocks: blocks, window: window, executor: $0) }
    case .resize(let rows, let columns):
      return resize(shape, rows, columns, ResizeEpilogue(), input, target)
    case .fusedResize(let rows, let columns, let minimum, let maximum):
      let epilogue = ResizeEpilogue(residual: inputs[1], minimum: minimum, maximum: maximum)
      return resize(shape, rows, columns, epilogue, input, target)
    case .padPlane(let mode, let top, let left, _, _):
      return {
        padBlocked(
          mode, input, into: target, blocks: blocks, height: shape[2], width: shape[3], pad: (top, left),
          outputHeight: result[2], outputWidth: result[3], executor: $0)
      }
    case .channelNormalization(let scale, let bias, let epsilon):
      return { executor in
        normalizeChannels(
          input, into: target, channels: shape[1], plane: shape[2] * shape[3], scale: scale, bias: bias,
          epsilon: epsilon, executor: executor)
      }
    case .channelAffine(let factor, let offset):
      return { executor in
        factor.withUnsafeBufferPointer { factors in
          offset.withUnsafeBufferPointer { offsets in
            guard let f = factors.baseAddress, let o = offsets.baseAddress else { return }
            scaleBlocked(
              input, into: target, factor: f, offset: o, channels: shape[1], plane: shape[2] * shape[3],
              executor: executor)
          }
        }
      }
    case .concatChannels: return concatenation(node, inputs, target)
    default: return nil
    }
  }

  private func binary(
    _ function: BinaryFunction, _ node: PlanNode, _ inputs: [UnsafePointer<Float>],
    _ target: UnsafeMutablePointer<Float>
  ) -> Step? {
    guard let left = node.inputs[0], let right = node.inputs[1] else { return nil }
    let count = node.outputs[0].storageByteCount / 4
    let shape = node.outputs[0].type.shape
    let (a, b) = (inputs[0], inputs[1])
    if right.layout == .plain && right.type.elementCount > 1 {
      return {
        scaleBlocked(
          a, into: target, factor: b, offset: nil, channels: shape[1], plane: shape[2] * shape[3],
          executor: $0)
      }
    }
    func extent(_ value: PlanValue) -> [Int] { value.layout == .plain ? [1] : [count] }
    let walk = BroadcastWalk(output: [count], inputs: [extent(left), extent(right)])
    return { function.apply(a, b, into: target, walk: walk, executor: $0) }
  }

  private func resize(
    _ shape: [Int], _ rows: ResizeAxis, _ columns: ResizeAxis, _ epilogue: ResizeEpilogue,
    _ input: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    let (rowTable, columnTable) = (ResizeTable(rows), ResizeTable(columns))
    return {
      resizeBlocked(
        input, into: target, blocks: (shape[1] + 7) / 8, inputHeight: shape[2], inputWidth: shape[3],
        rows: rowTable, columns: columnTable, epilogue: epilogue, executor: $0)
    }
  }

  private func concatenation(
    _ node: PlanNode, _ inputs: [UnsafePointer<Float>], _ target: UnsafeMutablePointer<Float>
  ) -> Step {
    let counts = node.inputs.compactMap { $0.map { $0.storageByteCount / 4 } }
    return { _ in
      var offset = 0
      for index in inputs.indices {
        (target + offset).update(from: inputs[index], count: counts[index])
        offset += counts[index]
      }
    }
  }
}
