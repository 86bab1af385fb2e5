// The order of execution and the lifetime of every tensor in it.

/// Nodes in the order they run, those that need a seam last. Nodes nobody needs are left out.
struct Schedule {
  private(set) var nodes: [PlanNode] = []
  /// Nodes before this index need no seam.
  private(set) var lateStart = 0

  /// - Parameter graph: any order, without cycles.
  init(_ graph: PlanGraph) {
    var producers: [ObjectIdentifier: PlanNode] = [:]
    for node in graph.nodes {
      for output in node.outputs { producers[ObjectIdentifier(output)] = node }
    }
    var late = Set<ObjectIdentifier>()
    var visited = Set<ObjectIdentifier>()
    var early: [PlanNode] = []
    var deferred: [PlanNode] = []
    // Depth first from the outputs in the graph's own order, with an explicit stack: graphs can be deep.
    func visit(_ root: PlanNode) {
      var stack: [(node: PlanNode, next: Int)] = [(root, 0)]
      guard visited.insert(ObjectIdentifier(root)).inserted else { return }
      while let top = stack.last {
        if top.next < top.node.inputs.count {
          stack[stack.count - 1].next += 1
          if let input = top.node.inputs[top.next], let producer = producers[ObjectIdentifier(input)],
            visited.insert(ObjectIdentifier(producer)).inserted
          {
            stack.append((producer, 0))
          }
          continue
        }
        stack.removeLast()
        if top.node.isSeam
          || top.node.inputs.contains(where: { $0.map { late.contains(ObjectIdentifier($0)) } ?? false })
        {
          for output in top.node.outputs { late.insert(ObjectIdentifier(output)) }
          deferred.append(top.node)
        } else {
          early.append(top.node)
        }
      }
    }
    let wanted = Set(graph.outputs.map(ObjectIdentifier.init))
    for node in graph.nodes where node.outputs.contains(where: { wanted.contains(ObjectIdentifier($0)) }) {
      visit(node)
    }
    nodes = early + deferred
    lateStart = early.count
  }
}
