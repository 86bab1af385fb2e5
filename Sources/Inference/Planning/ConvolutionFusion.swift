// Merges what follows a convolution into it: normalisation, residual sums, activations.
internal import Kernels

/// Rewrites a plan so that convolutions end in their epilogue instead of in further nodes.
struct ConvolutionFusion {
  private var uses = ValueUses()

  static func run(_ graph: inout PlanGraph) {
    var fusion = ConvolutionFusion()
    for node in graph.nodes {
      guard case .convolution(let convolution) = node.operation,
        let fused = FusedConvolution(convolution, node)
      else { continue }
      node.operation = .fusedConvolution(fused)
      node.inputs = [node.inputs[0]]
    }
    fusion.uses = ValueUses(graph)
    var removed = Set<ObjectIdentifier>()
    for node in graph.nodes where !removed.contains(ObjectIdentifier(node)) {
      while let next = fusion.mergeFollower(of: node) { removed.insert(ObjectIdentifier(next)) }
    }
    graph.nodes.removeAll { removed.contains(ObjectIdentifier($0)) }
  }

  /// Merges the single reader of a node's output, if it can be, and returns it.
  private mutating func mergeFollower(of node: PlanNode) -> PlanNode? {
    guard let next = uses.onlyReader(of: node.outputs[0]) else { return nil }
    switch node.operation {
    case .fusedConvolution(var fused):
      guard merge(next, into: &fused, of: node) else { return nil }
      node.operation = .fusedConvolution(fused)
    case .resize(let rows, let columns):
      guard case .binary(.add) = next.operation, let other = otherOperand(of: next, than: node.outputs[0])
      else { return nil }
      node.operation = .fusedResize(rows: rows, columns: columns, minimum: -.infinity, maximum: .infinity)
      // Scales and sizes were read while planning.
      node.inputs = [node.inputs[0], other]
    case .fusedResize(let rows, let columns, -.infinity, .infinity):
      switch next.operation {
      case .unary(.relu):
        node.operation = .fusedResize(rows: rows, columns: columns, minimum: 0, maximum: .infinity)
      case .unary(.clip(let low, let high)):
        node.operation = .fusedResize(rows: rows, columns: columns, minimum: low, maximum: high)
      default: return nil
      }
    default: return nil
    }
    uses.replaceReader(next, by: node)
    node.outputs = next.outputs
    return next
  }

  private func merge(_ next: PlanNode, into fused: inout FusedConvolution, of node: PlanNode) -> Bool {
    switch next.operation {
    case .channelAffine(let factor, let offset):
      guard !fused.isActivated && !fused.hasResidual && factor.count == fused.outChannels else {
        return false
      }
      fused.fold(factor: factor, offset: offset)
      return true
    case .unary(let activation): return fused.activate(activation)
    case .binary(.add):
      guard !fused.isActivated && !fused.hasResidual,
        let other = otherOperand(of: next, than: node.outputs[0])
      else { return false }
      node.inputs.append(other)
      fused.hasResidual = true
      return true
    default: return false
    }
  }

  /// The other input of a two-input node, when it varies and has the very same shape.
  private func otherOperand(of next: PlanNode, than value: PlanValue) -> PlanValue? {
    guard let left = next.inputs[0], let right = next.inputs[1], left !== right else { return nil }
    let other = left === value ? right : left
    return other.constant == nil && other.type == value.type && value.type.shape.count == 4
      && value.type.shape[0] == 1 ? other : nil
  }
}

/// Who reads each value.
struct ValueUses {
  private var readers: [ObjectIdentifier: [PlanNode]] = [:]
  private var outputs = Set<ObjectIdentifier>()

  init() {}

  init(_ graph: PlanGraph) {
    for node in graph.nodes {
      for case let input? in node.inputs { readers[ObjectIdentifier(input), default: []].append(node) }
    }
    outputs = Set(graph.outputs.map(ObjectIdentifier.init))
  }

  /// The reader of a value that is read once and is not an output of the graph.
  func onlyReader(of value: PlanValue) -> PlanNode? {
    let id = ObjectIdentifier(value)
    guard !outputs.contains(id), let all = readers[id], all.count == 1 else { return nil }
    return all[0]
  }

  /// After `merged` became part of `node`: everything `merged` read is read by `node` now.
  mutating func replaceReader(_ merged: PlanNode, by node: PlanNode) {
    for case let input? in merged.inputs {
      readers[ObjectIdentifier(input)]?.removeAll { $0 === merged }
      if node.inputs.contains(where: { $0 === input }) { readers[ObjectIdentifier(input)]?.append(node) }
    }
  }
}
