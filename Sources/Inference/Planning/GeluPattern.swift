// The five nodes that exporters write for GELU, x / sqrt(2) -> erf -> + 1 -> * x -> * 0.5, as one function.
internal import Kernels

enum GeluPattern {
  /// Leaves the nodes that nobody needs any more.
  static func run(_ graph: inout PlanGraph) {
    let uses = ValueUses(graph)
    var producers: [ObjectIdentifier: PlanNode] = [:]
    for node in graph.nodes { producers[ObjectIdentifier(node.outputs[0])] = node }
    for node in graph.nodes {
      guard case .unary(.erf) = node.operation, let argument = node.inputs[0],
        let scaling = producers[ObjectIdentifier(argument)], let x = scaled(scaling),
        let sum = uses.onlyReader(of: node.outputs[0]), isBinary(sum, .add, with: 1),
        let product = uses.onlyReader(of: sum.outputs[0]), case .binary(.multiply) = product.operation,
        product.inputs.contains(where: { $0 === x }),
        let half = uses.onlyReader(of: product.outputs[0]), isBinary(half, .multiply, with: 0.5)
      else { continue }
      half.operatorName = "Gelu"
      half.operation = .unary(.gelu)
      half.inputs = [x]
    }
  }

  /// The x of x / sqrt(2).
  private static func scaled(_ node: PlanNode) -> PlanValue? {
    if isBinary(node, .divide, with: 1.414_213_56), node.inputs[1]?.constant != nil { return node.inputs[0] }
    guard isBinary(node, .multiply, with: 0.707_106_78) else { return nil }
    return node.inputs[0]?.constant == nil ? node.inputs[0] : node.inputs[1]
  }

  /// Whether one operand is a single known number.
  private static func isBinary(_ node: PlanNode, _ function: BinaryFunction, with number: Float) -> Bool {
    guard case .binary(let found) = node.operation, found == function else { return false }
    return node.inputs.contains { input in
      guard let constant = input?.constant, constant.elementCount == 1, let value = constant.floats.first
      else {
        return false
      }
      return abs(value - number) < 1e-5
    }
  }
}
