// A network as loaded: checked, but not yet planned for a size.
public import ONNXFormat

/// A declared input or output of a network.
public struct TensorDeclaration: Sendable, Equatable {
  public var name: String
  /// One entry per axis; nil where the caller chooses the length. Nil when the file does not say at all.
  public var shape: [Int?]?
}

/// An ONNX network, checked at load: known operators, defined tensors, finite weights.
///
/// Sessions made from it share nothing with it; it may be dropped once they exist.
public struct Model: Sendable {
  public let name: String
  public let metadata: [String: String]
  package var graph: ONNXGraph
  package var constants: [String: Tensor]
  package let opset: Int
  /// Names of tensors that sessions let others change in place between the two parts of a run.
  package private(set) var seams: Set<String> = []
  static let seamPrefix = "seam/"

  /// Inputs that must be fed, in the file's order.
  public var inputs: [TensorDeclaration] {
    graph.inputs.filter { constants[$0.name] == nil }.map(TensorDeclaration.init)
  }

  /// Outputs, in the file's order.
  public var outputs: [TensorDeclaration] { graph.outputs.map(TensorDeclaration.init) }

  /// Name of the operator that gives an output its range, looking through those that only move or resample
  /// elements; for guessing what the output means.
  public func operatorProducing(_ output: String) -> String? {
    let transparent: Set = ["Resize", "Upsample", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Slice"]
    var tensor = output
    for node in graph.nodes.reversed() where node.outputs.contains(tensor) {
      guard transparent.contains(node.operatorName), let input = node.inputs.first else {
        return node.operatorName
      }
      tensor = input
    }
    return nil
  }

  /// The shape an output has for given input sizes, without preparing the network.
  public func outputShape(_ name: String, inputSizes: [String: [Int]]) throws(InferenceError) -> [Int] {
    let types = inputSizes.mapValues { TensorType(.float32, $0) }
    let plan = try GraphLowering.plan(self, types: types, constants: [:])
    guard let index = plan.outputNames.firstIndex(of: name) else {
      throw .unknownTensor(model: self.name, name: name, known: plan.outputNames)
    }
    return plan.outputs[index].type.shape
  }

  /// Loads a complete `.onnx` file that lies in memory.
  ///
  /// - Parameter name: what errors call the network, usually its file name.
  public init(onnx bytes: [UInt8], name: String) throws(InferenceError) {
    let decoded: ONNXModel
    do throws(ONNXFormatError) { decoded = try ONNXModel(bytes: bytes, name: name) } catch {
      throw .format(error)
    }
    try self.init(checking: decoded, name: name)
  }

  /// Loads a complete `.onnx` file as it is read: nothing of it is held twice.
  public init(reading file: some ByteSource, name: String) throws(InferenceError) {
    let decoded: ONNXModel
    do throws(ONNXFormatError) { decoded = try ONNXModel(reading: file, name: name) } catch {
      throw .format(error)
    }
    try self.init(checking: decoded, name: name)
  }

  /// Checks a decoded network.
  package init(checking decoded: consuming ONNXModel, name: String) throws(InferenceError) {
    self.name = name
    metadata = decoded.metadata
    opset = decoded.opsets[""] ?? 1
    guard OperatorCatalog.opsets.contains(opset) else {
      throw .unsupportedOpset(model: name, found: opset, supported: OperatorCatalog.opsets)
    }
    graph = decoded.graph
    constants = [:]
    for initializer in graph.initializers {
      guard let type = ElementType(initializer.type) else {
        throw .unsupportedType(
          node: initializer.name, operatorName: "initializer", found: "\(initializer.type)")
      }
      constants[initializer.name] = Tensor(type: type, shape: initializer.shape, bytes: initializer.bytes)
    }
    graph.initializers = []
    try checkNodes()
    try checkWeights()
  }

  private init(
    name: String, metadata: [String: String], graph: ONNXGraph, constants: [String: Tensor], opset: Int
  ) {
    self.name = name
    self.metadata = metadata
    self.graph = graph
    self.constants = constants
    self.opset = opset
  }

  private func checkNodes() throws(InferenceError) {
    var defined = Set(graph.inputs.map(\.name)).union(constants.keys)
    for node in graph.nodes {
      guard node.domain.isEmpty, OperatorCatalog.definitions[node.operatorName] != nil else {
        let operatorName = node.domain.isEmpty ? node.operatorName : "\(node.domain).\(node.operatorName)"
        throw .unknownOperator(model: name, node: node.name, operatorName: operatorName)
      }
      for input in node.inputs where !input.isEmpty && !defined.contains(input) {
        throw .undefinedTensor(model: name, node: node.name, tensor: input)
      }
      defined.formUnion(node.outputs)
    }
    for output in graph.outputs where !defined.contains(output.name) {
      throw .undefinedTensor(model: name, node: "output", tensor: output.name)
    }
  }

  /// Infinite bounds (for example of Clip) are legal; a NaN, or an infinity in a tensor of rank two or more,
  /// is a damaged weight.
  private func checkWeights() throws(InferenceError) {
    for (tensorName, tensor) in constants where tensor.type == .float32 {
      let bad = tensor.bytes.withUnsafeBytes { bytes -> (Int, Float)? in
        for (index, value) in bytes.bindMemory(to: Float.self).enumerated()
        where value.isNaN || (value.isInfinite && tensor.shape.count > 1) {
          return (index, value)
        }
        return nil
      }
      if let bad {
        throw .nonFiniteWeights(model: name, tensor: tensorName, index: bad.0, value: bad.1)
      }
    }
  }
}

extension Model {
  /// Two networks as one: each input of `second` named in `connections` reads an output of `self`.
  ///
  /// Tensors keep their names where they are inputs or outputs; all others get a prefix, so that equal names
  /// in both files do not meet. Outputs of `self` named in `keeping` stay readable. Inputs of `second` named in `seams`
  /// can be changed in place between the two parts of a run (`Session.seam`); unchanged ones change nothing.
  public func linked(
    to second: Model, connections: [String: String], keeping: [String] = [], seams: Set<String> = []
  ) throws(InferenceError) -> Model {
    let own = Set(outputs.map(\.name))
    let wanted = Set(second.inputs.map(\.name))
    for (input, output) in connections {
      guard own.contains(output) else {
        throw .unknownTensor(model: name, name: output, known: own.sorted())
      }
      guard wanted.contains(input) else {
        throw .unknownTensor(model: second.name, name: input, known: wanted.sorted())
      }
    }
    let first = renamed { own.contains($0) || inputs.map(\.name).contains($0) ? $0 : "first/" + $0 }
    let results = Set(second.outputs.map(\.name))
    let other = second.renamed { tensor in
      if let source = connections[tensor] {
        return seams.contains(tensor) ? Self.seamPrefix + tensor : source
      }
      return results.contains(tensor) || wanted.contains(tensor) ? tensor : "second/" + tensor
    }
    var graph = first.graph
    for input in seams.sorted() {
      guard let source = connections[input] else {
        throw .unknownTensor(model: second.name, name: input, known: connections.keys.sorted())
      }
      let name = Self.seamPrefix + input
      graph.nodes.append(
        ONNXNode(name: name, operatorName: "Identity", inputs: [source], outputs: [name]))
    }
    graph.nodes += other.graph.nodes
    let fed = own.union(seams.map { Self.seamPrefix + $0 })
    graph.inputs += other.graph.inputs.filter { !fed.contains($0.name) }
    graph.outputs = first.graph.outputs.filter { keeping.contains($0.name) } + other.graph.outputs
    var linked = Model(
      name: name, metadata: metadata, graph: graph,
      constants: first.constants.merging(other.constants) { mine, _ in mine }, opset: max(opset, second.opset)
    )
    linked.seams = Set(seams.map { Self.seamPrefix + $0 })
    return linked
  }

  private func renamed(_ rename: (String) -> String) -> Model {
    func change(_ name: String) -> String { name.isEmpty ? name : rename(name) }
    var graph = graph
    for index in graph.nodes.indices {
      graph.nodes[index].inputs = graph.nodes[index].inputs.map(change)
      graph.nodes[index].outputs = graph.nodes[index].outputs.map(change)
    }
    for index in graph.inputs.indices { graph.inputs[index].name = change(graph.inputs[index].name) }
    for index in graph.outputs.indices { graph.outputs[index].name = change(graph.outputs[index].name) }
    let constants = Dictionary(constants.map { (change($0.key), $0.value) }, uniquingKeysWith: { a, _ in a })
    return Model(name: name, metadata: metadata, graph: graph, constants: constants, opset: opset)
  }
}

extension TensorDeclaration {
  fileprivate init(_ info: ONNXValueInfo) {
    name = info.name
    shape = info.shape?.map { dimension in
      if case .fixed(let length) = dimension, length > 0 { return length }
      return nil
    }
  }
}
