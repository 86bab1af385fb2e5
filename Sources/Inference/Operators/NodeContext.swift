// What an operator sees of its node while it is being lowered: attributes, types, constants.
import Kernels
package import ONNXFormat

/// One node with typed inputs. All accessors throw errors that name the node.
package struct NodeContext {
  package let node: ONNXNode
  /// Version of the standard operator set the model uses.
  package let opset: Int
  package let inputs: [PlanValue?]

  package var operatorName: String { node.operatorName }
  package var name: String { node.name }
  /// Number of outputs the node names, absent ones included.
  package var outputCount: Int { node.outputs.count }
  /// The names of the attributes the node has.
  package var attributeNames: [String] { node.attributes.keys.sorted() }

  /// Number of inputs that are present.
  package var inputCount: Int { inputs.count }

  package func has(_ position: Int) -> Bool { position < inputs.count && inputs[position] != nil }

  package func input(_ position: Int) throws(InferenceError) -> PlanValue {
    guard position < inputs.count, let value = inputs[position] else {
      throw .missingInput(node: node.name, operatorName: operatorName, position: position)
    }
    return value
  }

  package func type(_ position: Int) throws(InferenceError) -> TensorType { try input(position).type }
  package func shape(_ position: Int) throws(InferenceError) -> [Int] { try input(position).type.shape }

  /// The type of a float32 input; anything else is an error.
  package func floatType(_ position: Int) throws(InferenceError) -> TensorType {
    let type = try type(position)
    guard type.type == .float32 else {
      throw .unsupportedType(node: node.name, operatorName: operatorName, found: type.type.rawValue)
    }
    return type
  }

  /// An input known at planning time.
  package func constant(_ position: Int, _ role: String) throws(InferenceError) -> Tensor {
    guard let tensor = try input(position).constant else {
      throw .notConstant(node: node.name, operatorName: operatorName, input: role)
    }
    return tensor
  }

  /// The integers of a constant input.
  package func constantIntegers(_ position: Int, _ role: String) throws(InferenceError) -> [Int] {
    guard let integers = try constant(position, role).integers else {
      throw .unsupportedType(node: node.name, operatorName: operatorName, found: "floating-point \(role)")
    }
    return integers
  }

  package func int(_ name: String) -> Int? {
    if case .int(let value)? = node.attributes[name] { return value }
    return nil
  }

  package func ints(_ name: String) -> [Int]? {
    if case .ints(let values)? = node.attributes[name] { return values }
    return nil
  }

  package func float(_ name: String) -> Float? {
    if case .float(let value)? = node.attributes[name] { return value }
    return nil
  }

  package func floats(_ name: String) -> [Float]? {
    if case .floats(let values)? = node.attributes[name] { return values }
    return nil
  }

  package func string(_ name: String) -> String? {
    if case .string(let value)? = node.attributes[name] { return value }
    return nil
  }

  /// A tensor attribute, if its element type is one of ours.
  package func tensor(_ name: String) throws(InferenceError) -> Tensor? {
    guard case .tensor(let tensor)? = node.attributes[name] else { return nil }
    guard let type = ElementType(tensor.type) else {
      throw .unsupportedType(node: node.name, operatorName: operatorName, found: "\(tensor.type)")
    }
    return Tensor(type: type, shape: tensor.shape, bytes: tensor.bytes)
  }

  package func unsupported(
    _ attribute: String, _ found: String, accepted: String
  ) -> InferenceError {
    .unsupportedAttribute(
      node: node.name, operatorName: operatorName, attribute: attribute, found: found, accepted: accepted)
  }

  package func mismatch(_ problem: String) -> InferenceError {
    .shapeMismatch(node: node.name, operatorName: operatorName, problem: problem)
  }

  /// A possibly negative axis as an index below `rank`.
  package func axis(_ value: Int, rank: Int) throws(InferenceError) -> Int {
    let resolved = value < 0 ? value + rank : value
    guard resolved >= 0 && resolved < rank else {
      throw mismatch("axis \(value) does not exist in a tensor of rank \(rank)")
    }
    return resolved
  }
}

/// An operator applied to known types: what it gives and how.
package struct Lowering {
  package var outputs: [TensorType]
  package var operation: Operation
  /// Set when the result is known already.
  package var constant: Tensor?

  package init(_ outputs: [TensorType], _ operation: Operation) {
    self.outputs = outputs
    self.operation = operation
  }

  /// A result that depends on shapes or attributes only.
  package init(constant: Tensor) {
    outputs = [TensorType(constant.type, constant.shape)]
    operation = .view
    self.constant = constant
  }
}

/// An operator this engine accepts.
package struct OperatorDefinition: Sendable {
  /// The name in the standard ONNX domain.
  package let name: String
  package let lower: @Sendable (NodeContext) throws(InferenceError) -> Lowering

  package init(
    _ name: String, _ lower: @escaping @Sendable (NodeContext) throws(InferenceError) -> Lowering
  ) {
    self.name = name
    self.lower = lower
  }
}
