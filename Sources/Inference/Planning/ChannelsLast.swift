// Channels-last regions of a graph, as exporters write linear layers and layer normalisation over pixels, rewritten
// over channels: products become 1x1 convolutions on blocked tensors and the transpositions disappear.
internal import Kernels

struct ChannelsLast {
  /// For a value (1, H, W, C) or (1, H W, C): a value with the same elements as (1, C, H, W).
  private var twins: [ObjectIdentifier: PlanValue] = [:]
  /// Values that another one stands for.
  private var replaced: [ObjectIdentifier: PlanValue] = [:]
  /// For (1, C, H W): the (1, C, H, W) it is a view of.
  private var flattened: [ObjectIdentifier: PlanValue] = [:]
  /// For (1, H W, c1, c2, ...) split from a value with a twin: that twin.
  private var split: [ObjectIdentifier: PlanValue] = [:]
  /// For (1, N, c1, c2, ...): the (1, c1, c2, ..., N) it was transposed from.
  private var joined: [ObjectIdentifier: PlanValue] = [:]
  /// Height and width by number of pixels.
  private var sizes: [Int: (height: Int, width: Int)] = [:]
  private var nodes: [PlanNode] = []

  /// `graph.nodes` must be in an order in which they can run. Leaves nodes that nobody needs.
  static func run(_ graph: inout PlanGraph) {
    var pass = ChannelsLast()
    for node in graph.nodes {
      node.inputs = node.inputs.map { value in value.map { pass.replaced[ObjectIdentifier($0)] ?? $0 } }
      pass.visit(node)
    }
    graph.outputs = graph.outputs.map { pass.replaced[ObjectIdentifier($0)] ?? $0 }
    graph.nodes = pass.nodes
  }

  private mutating func visit(_ node: PlanNode) {
    guard let input = node.inputs.first ?? nil else { return nodes.append(node) }
    switch node.operation {
    case .transpose(let order, _): transpose(node, input, order)
    case .view: view(node, input)
    case .unary, .binary, .matrixMultiply, .layerNormalization:
      if let twin = twin(of: node) {
        nodes.append(twin)
        restore(node, from: twin.outputs[0])
      } else {
        nodes.append(node)
      }
    default: nodes.append(node)
    }
  }

  private func twin(_ value: PlanValue?) -> PlanValue? { value.flatMap { twins[ObjectIdentifier($0)] } }

  // MARK: transpositions and views

  private mutating func transpose(_ node: PlanNode, _ input: PlanValue, _ order: [Int]) {
    let output = node.outputs[0]
    let shape = input.type.shape
    let rank = shape.count
    if rank == 4, order == [0, 2, 3, 1], shape[0] == 1 {
      learn(output, twin: input)
    } else if rank == 3, order == [0, 2, 1], let image = flattened[ObjectIdentifier(input)] {
      learn(output, twin: image)
    } else if rank == 4, order == [0, 3, 1, 2], let image = twin(input) {
      replaced[ObjectIdentifier(output)] = image
      return
    } else if rank == 3, order == [0, 2, 1], let image = twin(input) {
      node.operation = .view
      node.inputs = [image]
    } else if let image = split[ObjectIdentifier(input)], order.last == 1,
      order.filter({ $0 > 1 }) == Array(2..<rank)
    {
      node.operation = .view
      node.inputs = [image]
    } else if rank > 2, shape[0] == 1, order == [0, rank - 1] + Array(1..<(rank - 1)) {
      joined[ObjectIdentifier(output)] = input
    }
    nodes.append(node)
  }

  private mutating func view(_ node: PlanNode, _ input: PlanValue) {
    let output = node.outputs[0]
    let (from, to) = (input.type.shape, output.type.shape)
    if let image = twin(input) {
      let channels = image.type.shape[1]
      if to.first == 1, to.last == channels,
        to.count == 3 || to.count == 4 && to[1...2] == image.type.shape[2...3]
      {
        learn(output, twin: image)
      } else if to.count > 3, to[0] == 1, to[1] * channels == output.type.elementCount {
        split[ObjectIdentifier(output)] = image
      }
    } else if let source = joined[ObjectIdentifier(input)], to.count == 3, to[0] == 1, to[1] == from[1],
      let size = sizes[to[1]]
    {
      let image = PlanValue(
        name: output.name, type: TensorType(.float32, [1, to[2], size.height, size.width]))
      nodes.append(
        PlanNode(
          name: node.name, operatorName: node.operatorName, operation: .view, inputs: [source],
          outputs: [image]))
      learn(output, twin: image)
    } else if from.count == 4, from[0] == 1, to == [1, from[1], from[2] * from[3]] {
      flattened[ObjectIdentifier(output)] = input
    }
    nodes.append(node)
  }

  private mutating func learn(_ value: PlanValue, twin: PlanValue) {
    let shape = twin.type.shape
    twins[ObjectIdentifier(value)] = twin
    sizes[shape[2] * shape[3]] = (shape[2], shape[3])
  }

  /// Replaces a node by the transposition of its twin, for readers that are not rewritten.
  private mutating func restore(_ node: PlanNode, from image: PlanValue) {
    learn(node.outputs[0], twin: image)
    let shape = image.type.shape
    node.operatorName = "Transpose"
    node.operation = MovementOperators.pixelsFirst(channels: shape[1], pixels: shape[2] * shape[3])
    node.inputs = [image]
    nodes.append(node)
  }

  // MARK: arithmetic

  private func twin(of node: PlanNode) -> PlanNode? {
    let image = twin(node.inputs[0])
    switch node.operation {
    case .unary:
      guard let image else { return nil }
      return rewritten(node, node.operation, [image], channels: image.type.shape[1])
    case .binary(let function): return binary(node, function)
    case .matrixMultiply:
      guard let image, let weights = node.inputs[1]?.constant, weights.shape.count == 2 else { return nil }
      return product(node, image, weights)
    case .layerNormalization(let axis, let epsilon, _):
      guard let image, axis == node.outputs[0].type.shape.count - 1, node.outputs.count == 1,
        let scale = node.inputs[1]?.constant?.floats
      else { return nil }
      let bias =
        node.inputs.count > 2 ? node.inputs[2]?.constant?.floats : [Float](repeating: 0, count: scale.count)
      guard let bias, bias.count == image.type.shape[1], scale.count == bias.count else { return nil }
      return rewritten(
        node, .channelNormalization(scale: scale, bias: bias, epsilon: epsilon), [image],
        channels: image.type.shape[1])
    default: return nil
    }
  }

  private func rewritten(
    _ node: PlanNode, _ operation: Operation, _ inputs: [PlanValue?], channels: Int
  ) -> PlanNode? {
    guard let shape = inputs.compactMap({ $0 }).first(where: { $0.type.shape.count == 4 })?.type.shape else {
      return nil
    }
    let output = PlanValue(
      name: node.outputs[0].name, type: TensorType(.float32, [1, channels, shape[2], shape[3]]))
    return PlanNode(
      name: node.name, operatorName: node.operatorName, operation: operation, inputs: inputs,
      outputs: [output])
  }

  private func product(_ node: PlanNode, _ image: PlanValue, _ weights: Tensor) -> PlanNode? {
    let (inChannels, outChannels) = (weights.shape[0], weights.shape[1])
    let shape = image.type.shape
    let source = weights.floats
    var transposed = [Float](repeating: 0, count: source.count)
    for row in 0..<inChannels {
      for column in 0..<outChannels {
        transposed[column * inChannels + row] = source[row * outChannels + column]
      }
    }
    let tensor = Tensor(transposed, shape: [outChannels, inChannels, 1, 1])
    let constant = PlanValue(
      name: node.name, type: TensorType(.float32, tensor.shape), constant: tensor)
    let convolution = Convolution(
      window: Window(input: (shape[2], shape[3]), kernel: (1, 1)), groups: 1, inChannels: inChannels,
      outChannels: outChannels)
    return rewritten(node, .convolution(convolution), [image, constant], channels: outChannels)
  }

  private func binary(_ node: PlanNode, _ function: BinaryFunction) -> PlanNode? {
    guard let left = node.inputs[0], let right = node.inputs[1] else { return nil }
    if let a = twin(left), let b = twin(right) {
      guard a.type == b.type else { return nil }
      return rewritten(node, node.operation, [a, b], channels: a.type.shape[1])
    }
    guard let image = twin(left) ?? twin(right) else { return nil }
    let isLeft = twin(left) != nil
    guard let constant = (isLeft ? right : left).constant, constant.type == .float32 else { return nil }
    let channels = image.type.shape[1]
    if constant.elementCount == channels, constant.shape.last == channels {
      return affine(node, function, image, constant.floats, isLeft: isLeft)
    }
    let other: PlanValue
    if constant.elementCount == 1 {
      other = PlanValue(name: left.name, type: TensorType(.float32, []), constant: constant.reshaped([]))
    } else if constant.elementCount == image.type.elementCount {
      other = pixelsLast(constant, named: node.name, image.type)
    } else {
      return nil
    }
    return rewritten(node, node.operation, isLeft ? [image, other] : [other, image], channels: channels)
  }

  /// One value per channel, added or multiplied.
  private func affine(
    _ node: PlanNode, _ function: BinaryFunction, _ image: PlanValue, _ values: [Float], isLeft: Bool
  ) -> PlanNode? {
    let ones = [Float](repeating: 1, count: values.count)
    let zeros = [Float](repeating: 0, count: values.count)
    let operation: Operation
    switch function {
    case .add: operation = .channelAffine(factor: ones, offset: values)
    case .subtract where isLeft: operation = .channelAffine(factor: ones, offset: values.map { -$0 })
    case .multiply: operation = .channelAffine(factor: values, offset: zeros)
    case .divide where isLeft: operation = .channelAffine(factor: values.map { 1 / $0 }, offset: zeros)
    default: return nil
    }
    return rewritten(node, operation, [image], channels: values.count)
  }

  /// A constant (.., C) with one value per element, as (1, C, H, W).
  private func pixelsLast(_ constant: Tensor, named name: String, _ type: TensorType) -> PlanValue {
    let channels = type.shape[1]
    let pixels = type.shape[2] * type.shape[3]
    let source = constant.floats
    var values = source
    for pixel in 0..<pixels {
      for channel in 0..<channels { values[channel * pixels + pixel] = source[pixel * channels + channel] }
    }
    return PlanValue(name: name, type: type, constant: Tensor(values, shape: type.shape))
  }
}
