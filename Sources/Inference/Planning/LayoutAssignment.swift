// Decides which tensors are channel-blocked and inserts the conversions between.
internal import Kernels

struct LayoutAssignment {
  private var nodes: [PlanNode] = []
  private var converted: [ObjectIdentifier: PlanValue] = [:]

  /// `graph.nodes` must be in an order in which they can run.
  static func run(_ graph: inout PlanGraph) {
    var assignment = LayoutAssignment()
    for node in graph.nodes {
      assignment.place(node)
      assignment.nodes.append(node)
    }
    for index in graph.outputs.indices where graph.outputs[index].layout == .blocked {
      graph.outputs[index] = assignment.value(graph.outputs[index], as: .plain)
    }
    graph.nodes = assignment.nodes
  }

  private mutating func place(_ node: PlanNode) {
    let output = node.outputs[0]
    switch node.operation {
    case .fusedConvolution(let fused):
      if fused.isDepthwise { require(.blocked, node, 0) }
      if let index = fused.scaleIndex { require(.plain, node, index) }
      if let index = fused.residualIndex { require(.blocked, node, index) }
      output.layout = fused.kernel == .singleChannel ? .plain : .blocked
    case .channelNormalization:
      require(.blocked, node, 0)
      output.layout = .blocked
    case .fusedResize:
      require(.blocked, node, 0)
      require(.blocked, node, 1)
      output.layout = .blocked
    case .unary, .seam:
      output.layout = node.inputs[0]?.layout ?? .plain
    case .resize, .padPlane, .channelAffine, .pool:
      guard node.inputs[0]?.layout == .blocked, output.type.shape.count == 4 else {
        return requirePlain(node)
      }
      output.layout = .blocked
    case .binary: placeBinary(node)
    case .concatChannels: placeConcat(node)
    case .globalAverage: break
    case .view, .general, .transpose, .matrixMultiply, .layerNormalization, .convolution, .relayout:
      requirePlain(node)
    }
  }

  private mutating func placeBinary(_ node: PlanNode) {
    guard let left = node.inputs[0], let right = node.inputs[1] else { return }
    let shape = node.outputs[0].type.shape
    let isBlocked = left.layout == .blocked || right.layout == .blocked
    if isBlocked && left.type.shape == shape && right.type.shape == shape {
      require(.blocked, node, 0)
      require(.blocked, node, 1)
      node.outputs[0].layout = .blocked
    } else if case .binary(.multiply) = node.operation, left.layout == .blocked, left.type.shape == shape,
      shape.count == 4, right.type.shape == [1, shape[1], 1, 1]
    {
      require(.plain, node, 1)
      node.outputs[0].layout = .blocked
    } else if isBlocked, shape.count == 4, isScalarConstant(right.layout == .blocked ? left : right) {
      node.outputs[0].layout = .blocked
    } else {
      requirePlain(node)
    }
  }

  private func isScalarConstant(_ value: PlanValue) -> Bool {
    value.constant != nil && value.type.elementCount == 1
  }

  /// Blocks are joined as they are when all parts but the last fill theirs.
  private mutating func placeConcat(_ node: PlanNode) {
    let inputs = node.inputs.compactMap { $0 }
    let canJoin =
      inputs.allSatisfy { $0.layout == .blocked }
      && inputs.dropLast().allSatisfy { $0.type.shape[1] % 8 == 0 }
    guard canJoin, node.outputs[0].type.shape[0] == 1 else { return requirePlain(node) }
    node.outputs[0].layout = .blocked
  }

  private mutating func requirePlain(_ node: PlanNode) {
    for index in node.inputs.indices { require(.plain, node, index) }
  }

  private mutating func require(_ layout: Layout, _ node: PlanNode, _ index: Int) {
    guard let input = node.inputs[index] else { return }
    node.inputs[index] = value(input, as: layout)
  }

  private mutating func value(_ value: PlanValue, as layout: Layout) -> PlanValue {
    guard value.layout != layout else { return value }
    if let known = converted[ObjectIdentifier(value)] { return known }
    let result = PlanValue(name: value.name, type: value.type)
    result.layout = layout
    converted[ObjectIdentifier(value)] = result
    nodes.append(
      PlanNode(
        name: value.name, operatorName: "relayout", operation: .relayout, inputs: [value], outputs: [result]))
    return result
  }
}
