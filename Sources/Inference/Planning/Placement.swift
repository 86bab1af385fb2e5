// Arena offsets of the values of a schedule.

/// Resolves views to the value that owns the bytes, measures lifetimes and asks `ArenaPlan` for offsets.
struct Placement {
  private var owners: [ObjectIdentifier: ObjectIdentifier] = [:]
  private var offsets: [ObjectIdentifier: Int] = [:]
  private(set) var arenaByteCount = 0

  /// Inputs and outputs keep their memory for the whole run; everything else from its producer to its last
  /// reader.
  init(_ nodes: [PlanNode], inputs: [PlanValue], outputs: [PlanValue]) {
    var requests: [ObjectIdentifier: ArenaRequest] = [:]
    var order: [ObjectIdentifier] = []
    func ask(_ value: PlanValue, first: Int, last: Int) {
      let id = ObjectIdentifier(value)
      if requests[id] == nil { order.append(id) }
      requests[id] = ArenaRequest(byteCount: value.storageByteCount, first: first, last: last)
    }
    for input in inputs { ask(input, first: -1, last: nodes.count) }
    for (index, node) in nodes.enumerated() {
      for output in node.outputs {
        if node.sharesMemory, let source = node.inputs[0], source.constant == nil {
          owners[ObjectIdentifier(output)] = owner(source)
        } else {
          ask(output, first: index, last: index)
        }
      }
      for case let input? in node.inputs {
        let id = owner(input)
        let last = requests[id]?.last ?? index
        requests[id]?.last = max(last, index)
      }
    }
    for output in outputs { requests[owner(output)]?.last = nodes.count }
    let arena = ArenaPlan(order.compactMap { requests[$0] })
    for (id, offset) in zip(order, arena.offsets) { offsets[id] = offset }
    arenaByteCount = arena.byteCount
  }

  private func owner(_ value: PlanValue) -> ObjectIdentifier {
    owners[ObjectIdentifier(value)] ?? ObjectIdentifier(value)
  }

  /// Nil for constants.
  func offset(of value: PlanValue) -> Int? { offsets[owner(value)] }
}

extension PlanValue {
  /// Bytes the value occupies in its layout.
  package var storageByteCount: Int {
    guard layout == .blocked else { return type.byteCount }
    let shape = type.shape
    return shape[0] * ((shape[1] + 7) / 8 * 8) * shape[2] * shape[3] * 4
  }
}
