// What can be wrong with a network or with what is fed to it.
public import ONNXFormat
public import Quantities

/// A network that cannot run, or a call that does not fit it.
public enum InferenceError: ReportableError, Equatable {
  case format(ONNXFormatError)
  case unknownOperator(model: String, node: String, operatorName: String)
  case unsupportedOpset(model: String, found: Int, supported: ClosedRange<Int>)
  /// An attribute has a value or a combination the operator here does not implement.
  case unsupportedAttribute(
    node: String, operatorName: String, attribute: String, found: String, accepted: String)
  case unsupportedType(node: String, operatorName: String, found: String)
  case missingInput(node: String, operatorName: String, position: Int)
  /// A node reads a tensor that nothing before it produces.
  case undefinedTensor(model: String, node: String, tensor: String)
  case shapeMismatch(node: String, operatorName: String, problem: String)
  /// An input that must be known when the network is planned (a shape, an axis, a weight) is computed.
  case notConstant(node: String, operatorName: String, input: String)
  case nonFiniteWeights(model: String, tensor: String, index: Int, value: Float)
  case unknownTensor(model: String, name: String, known: [String])
  case inputShape(model: String, input: String, expected: String, found: [Int])
  case inputSizeMissing(model: String, input: String, declared: String)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .format(let error): error.description
    case .unknownOperator(let model, let node, let name):
      "inference: \(model): node \(node) uses the operator \(name), which this engine does not have. "
        + "docs/operators.md lists those it has; export the network without \(name)."
    case .unsupportedOpset(let model, let found, let supported):
      "inference: \(model) uses ONNX operator set \(found); supported are \(supported.lowerBound) to "
        + "\(supported.upperBound). Export again with opset_version=17."
    case .unsupportedAttribute(let node, let name, let attribute, let found, let accepted):
      "inference: node \(node) (\(name)) has \(attribute) = \(found); supported: \(accepted). "
        + "Export the network without it."
    case .unsupportedType(let node, let name, let found):
      "inference: node \(node) (\(name)) works on \(found), which is not supported for this operator. "
        + "Export the network in float32."
    case .missingInput(let node, let name, let position):
      "inference: node \(node) (\(name)) lacks its input number \(position). The file is damaged: export again."
    case .undefinedTensor(let model, let node, let tensor):
      "inference: \(model): node \(node) reads the tensor \(tensor), which no earlier node, input or constant "
        + "defines. The file is damaged or its nodes are out of order: export again."
    case .shapeMismatch(let node, let name, let problem):
      "inference: node \(node) (\(name)): \(problem). Check the input size, or export the network for this size."
    case .notConstant(let node, let name, let input):
      "inference: node \(node) (\(name)) computes its \(input) from the image; it must be known before the "
        + "first frame. Export with a fixed input size and constant folding."
    case .nonFiniteWeights(let model, let tensor, let index, let value):
      "inference: \(model): the weight tensor \(tensor) holds \(value) at element \(index). "
        + "Training diverged or the file is damaged: use an earlier checkpoint."
    case .unknownTensor(let model, let name, let known):
      "inference: \(model) has no tensor \(name); it has \(known.joined(separator: ", "))."
    case .inputShape(let model, let input, let expected, let found):
      "inference: \(model): input \(input) must have shape \(expected), found \(found). "
        + "Resize the input, or plan the network for that size."
    case .inputSizeMissing(let model, let input, let declared):
      "inference: \(model): input \(input) is declared as \(declared); say which size to plan for."
    }
  }
}
