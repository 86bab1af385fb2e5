// From ONNX nodes to planned operations for fixed sizes; everything that does not depend on the inputs is
// computed here, once.
internal import Kernels
internal import ONNXFormat
internal import Quantities

/// Lowers a model for given inputs.
struct GraphLowering {
  let model: Model
  private var values: [String: PlanValue] = [:]
  private(set) var plan = PlanGraph()

  /// - Parameters:
  ///   - types: type and shape of every input.
  ///   - constants: inputs whose elements are known already; they are folded like weights.
  static func plan(
    _ model: Model, types: [String: TensorType], constants: [String: Tensor]
  ) throws(InferenceError) -> PlanGraph {
    var lowering = GraphLowering(model: model)
    try lowering.placeInputs(types: types, constants: constants)
    for node in model.graph.nodes { try lowering.lower(node) }
    for output in model.graph.outputs {
      let value = try lowering.value(output.name, of: "output")
      lowering.plan.outputs.append(value)
      lowering.plan.outputNames.append(output.name)
    }
    return lowering.plan
  }

  private init(model: Model) { self.model = model }

  private mutating func placeInputs(
    types: [String: TensorType], constants: [String: Tensor]
  ) throws(InferenceError) {
    for (name, tensor) in model.constants {
      values[name] = PlanValue(
        name: name, type: TensorType(tensor.type, tensor.shape), constant: tensor)
    }
    for input in model.inputs {
      if let tensor = constants[input.name] {
        values[input.name] = PlanValue(
          name: input.name, type: TensorType(tensor.type, tensor.shape), constant: tensor)
        continue
      }
      let type = try resolvedType(of: input, given: types[input.name])
      let value = PlanValue(name: input.name, type: type)
      values[input.name] = value
      plan.inputs.append(value)
    }
  }

  private func resolvedType(
    of input: TensorDeclaration, given: TensorType?
  ) throws(InferenceError) -> TensorType {
    let declared = input.shape
    let words =
      declared.map { "[\($0.map { $0.map(String.init) ?? "any" }.joined(separator: ", "))]" } ?? "any"
    guard let type = given ?? declared.flatMap({ Self.complete($0) }) else {
      throw .inputSizeMissing(model: model.name, input: input.name, declared: words)
    }
    if let declared {
      let fits =
        declared.count == type.shape.count && zip(declared, type.shape).allSatisfy { $0 == nil || $0 == $1 }
      guard fits else {
        throw .inputShape(model: model.name, input: input.name, expected: words, found: type.shape)
      }
    }
    guard type.shape.allSatisfy({ $0 > 0 }) else {
      throw .inputShape(model: model.name, input: input.name, expected: words, found: type.shape)
    }
    return type
  }

  private static func complete(_ shape: [Int?]) -> TensorType? {
    let known = shape.compactMap { $0 }
    return known.count == shape.count ? TensorType(.float32, known) : nil
  }

  private func value(_ name: String, of node: String) throws(InferenceError) -> PlanValue {
    guard let value = values[name] else {
      throw .undefinedTensor(model: model.name, node: node, tensor: name)
    }
    return value
  }

  private mutating func lower(_ node: ONNXNode) throws(InferenceError) {
    guard let definition = OperatorCatalog.definitions[node.operatorName] else {
      throw .unknownOperator(model: model.name, node: node.name, operatorName: node.operatorName)
    }
    var inputs: [PlanValue?] = []
    for name in node.inputs { inputs.append(name.isEmpty ? nil : try value(name, of: node.name)) }
    let lowering = try definition.lower(NodeContext(node: node, opset: model.opset, inputs: inputs))
    let names = node.outputs
    let outputs = lowering.outputs.enumerated().map { index, type in
      PlanValue(name: index < names.count ? names[index] : "", type: type)
    }
    let planned = PlanNode(
      name: node.name, operatorName: node.operatorName, operation: lowering.operation, inputs: inputs,
      outputs: outputs)
    if let constant = lowering.constant {
      outputs[0].constant = constant
    } else if inputs.allSatisfy({ $0 == nil || $0?.constant != nil }) {
      fold(planned)
    } else {
      plan.nodes.append(planned)
    }
    for (name, output) in zip(names, outputs) where !name.isEmpty { values[name] = output }
  }

  /// Runs a node whose inputs are all known, and keeps its outputs as constants.
  private func fold(_ node: PlanNode) {
    if case .view = node.operation, let source = node.inputs.first??.constant {
      node.outputs[0].constant = source.reshaped(node.outputs[0].type.shape)
      return
    }
    let sources = node.inputs.map { $0?.constant.map { AlignedBytes(copying: $0.bytes) } }
    let results = node.outputs.map { AlignedBytes(count: $0.type.byteCount) }
    let step = PlainBinding.bind(
      node, inputs: sources.map { $0.map { UnsafeRawPointer($0.base) } }, outputs: results.map(\.base))
    step(SerialExecutor())
    for (output, result) in zip(node.outputs, results) {
      output.constant = Tensor(
        type: output.type.type, shape: output.type.shape, bytes: result.copied(output.type.byteCount))
    }
    withExtendedLifetime(sources) {}
  }
}
