// A network planned, prepared and placed for one set of input sizes: the thing that runs.
internal import Kernels
public import Quantities

/// One network at one size. Not thread-safe: use it on one thread at a time.
///
///     let session = try model.session(inputSizes: ["image": [1, 3, 192, 640]], executor: team)
///     session.input("image").update(from: pixels)
///     session.run()
///     use(session.output("disparity"))
///
/// `run` does not allocate. Buffers stay at the same address for the session's life.
public final class Session {
  public let name: String
  private let executor: any ParallelExecutor
  private var steps: [Step] = []
  private var lateStart = 0
  /// Addresses and types of inputs and outputs.
  private var tensors: [String: (type: TensorType, base: UnsafeMutableRawPointer)] = [:]
  /// Address and type of each seam, and channels side by side per pixel.
  private var seams: [String: (type: TensorType, base: UnsafeMutableRawPointer, blockChannels: Int)] = [:]
  private let inputNames: [String]
  private let outputNames: [String]
  private let arena: AlignedBytes
  private var storage: [AlignedBytes] = []
  /// What each step does, in the order they run.
  public private(set) var costs: [StepCost] = []

  /// Bytes of the arena that holds all activations.
  public var arenaByteCount: Int { arena.count }

  init(
    _ model: consuming Model, types: [String: TensorType], constants: [String: Tensor],
    executor: any ParallelExecutor, isOptimized: Bool
  ) throws(InferenceError) {
    name = model.name
    self.executor = executor
    useSingleThreadedBLAS()
    var graph = try GraphLowering.plan(model, types: types, constants: constants)
    for node in graph.nodes where model.seams.contains(node.outputs[0].name) { node.operation = .seam }
    // From here on a weight lives until it is packed, unless the caller keeps the model.
    _ = consume model
    if isOptimized {
      ChannelsLast.run(&graph)
      graph.nodes = Schedule(graph).nodes
      GeluPattern.run(&graph)
      graph.nodes = Schedule(graph).nodes
      ConvolutionFusion.run(&graph)
      InputAbsorption.run(&graph)
      graph.nodes = Schedule(graph).nodes
      LayoutAssignment.run(&graph)
    }
    let schedule = Schedule(graph)
    let placement = Placement(schedule.nodes, inputs: graph.inputs, outputs: graph.outputs)
    arena = AlignedBytes(count: placement.arenaByteCount)
    inputNames = graph.inputs.map(\.name)
    outputNames = graph.outputNames
    lateStart = schedule.lateStart
    prepare(schedule.nodes, placement)
    for input in graph.inputs { tensors[input.name] = (input.type, address(of: input, placement)) }
    for (name, output) in zip(graph.outputNames, graph.outputs) {
      tensors[name] = (output.type, address(of: output, placement))
    }
    for node in schedule.nodes where node.isSeam {
      let value = node.outputs[0]
      seams[value.name] = (value.type, address(of: value, placement), value.layout == .blocked ? 8 : 1)
    }
  }

  private func prepare(_ nodes: [PlanNode], _ placement: Placement) {
    var constants: [ObjectIdentifier: UnsafeMutableRawPointer] = [:]
    var blocked = BlockedBinding(parts: executor.width, kernels: .ofThisProcessor)
    blocked.prepare(nodes, executor)
    let scratch = AlignedBytes(count: blocked.scratchFloats * executor.width * 4)
    storage.append(scratch)
    for node in nodes {
      let inputs = node.inputs.map { value -> UnsafeRawPointer? in
        guard let value else { return nil }
        return UnsafeRawPointer(address(of: value, placement, &constants))
      }
      let outputs = node.outputs.map { address(of: $0, placement, &constants) }
      let step = blocked.bind(
        node, inputs: inputs, outputs: outputs, scratch: scratch.floats, keeping: &storage)
      steps.append(step ?? PlainBinding.bind(node, inputs: inputs, outputs: outputs))
      costs.append(StepCost(node, kernel: blocked.kernelName(node) ?? (step == nil ? "plain" : "blocked")))
    }
  }

  private func address(of value: PlanValue, _ placement: Placement) -> UnsafeMutableRawPointer {
    var none: [ObjectIdentifier: UnsafeMutableRawPointer] = [:]
    return address(of: value, placement, &none)
  }

  /// The arena address of a value, or a copy of its elements when it is a constant.
  private func address(
    of value: PlanValue, _ placement: Placement,
    _ constants: inout [ObjectIdentifier: UnsafeMutableRawPointer]
  ) -> UnsafeMutableRawPointer {
    if let offset = placement.offset(of: value) { return arena.base + offset }
    let id = ObjectIdentifier(value)
    if let known = constants[id] { return known }
    let bytes = AlignedBytes(copying: value.constant?.bytes ?? [])
    storage.append(bytes)
    constants[id] = bytes.base
    return bytes.base
  }

  /// Runs the whole network.
  public func run() {
    for step in steps { step(executor) }
  }

  /// Runs the whole network and calls `finished` with the index of each step, in the order of `costs`, as it ends, and
  /// `beforeLatePart` where seams may be changed.
  public func run(finished: (Int) -> Void, beforeLatePart: () -> Void = {}) {
    for index in steps.indices {
      if index == lateStart { beforeLatePart() }
      steps[index](executor)
      finished(index)
    }
  }

  /// Runs what does not depend on the seams.
  public func runEarlyPart() {
    for index in 0..<lateStart { steps[index](executor) }
  }

  /// Runs the rest, after the seams were changed.
  public func runLatePart() {
    for index in lateStart..<steps.count { steps[index](executor) }
  }
}

extension Session {
  /// Names of the inputs, in the file's order.
  public var inputs: [String] { inputNames }
  /// Names of the outputs, in the file's order.
  public var outputs: [String] { outputNames }

  /// Type and shape of an input or output.
  public func type(of name: String) throws(InferenceError) -> TensorType { try tensor(name).type }

  /// The float elements of an input, to be written before each run: row-major (N, C, H, W).
  public func input(_ name: String) throws(InferenceError) -> UnsafeMutableBufferPointer<Float> {
    let (type, base) = try floatTensor(name)
    return UnsafeMutableBufferPointer(start: base, count: type.elementCount)
  }

  /// The float elements of an output, valid until the next run: row-major.
  public func output(_ name: String) throws(InferenceError) -> UnsafeBufferPointer<Float> {
    let (type, base) = try floatTensor(name)
    return UnsafeBufferPointer(start: base, count: type.elementCount)
  }

  /// A tensor that may be changed in place between `runEarlyPart` and `runLatePart`.
  public struct Seam {
    /// (1, C, H, W).
    public let shape: [Int]
    /// (C / blockChannels, H, W, blockChannels), C rounded up; the surplus channels may hold anything.
    public let base: UnsafeMutablePointer<Float>
    public let blockChannels: Int
  }

  /// The seam that `Model.linked` made of an input of the second network.
  public func seam(_ input: String) throws(InferenceError) -> Seam {
    guard let found = seams[Model.seamPrefix + input], found.type.type == .float32 else {
      throw .unknownTensor(model: name, name: Model.seamPrefix + input, known: seams.keys.sorted())
    }
    return Seam(
      shape: found.type.shape, base: found.base.assumingMemoryBound(to: Float.self),
      blockChannels: found.blockChannels)
  }

  /// Copies a tensor of any element type into an input.
  public func set(_ name: String, to value: Tensor) throws(InferenceError) {
    let (type, base) = try tensor(name)
    guard type == TensorType(value.type, value.shape) else {
      throw .inputShape(model: self.name, input: name, expected: type.description, found: value.shape)
    }
    value.bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
    }
  }

  /// A copy of an output of any element type.
  public func copy(of name: String) throws(InferenceError) -> Tensor {
    let (type, base) = try tensor(name)
    let bytes = [UInt8](UnsafeRawBufferPointer(start: base, count: type.byteCount))
    return Tensor(type: type.type, shape: type.shape, bytes: bytes)
  }

  private func tensor(
    _ name: String
  ) throws(InferenceError) -> (type: TensorType, base: UnsafeMutableRawPointer) {
    guard let found = tensors[name] else {
      throw .unknownTensor(model: self.name, name: name, known: tensors.keys.sorted())
    }
    return found
  }

  private func floatTensor(
    _ name: String
  ) throws(InferenceError) -> (TensorType, UnsafeMutablePointer<Float>) {
    let (type, base) = try tensor(name)
    guard type.type == .float32 else {
      throw .unsupportedType(node: name, operatorName: "float access", found: type.type.rawValue)
    }
    return (type, base.assumingMemoryBound(to: Float.self))
  }
}

extension Model {
  /// Plans the network for given sizes, prepares its weights and places its tensors.
  ///
  /// Give a model away (`(consume model).session`) that is not needed again: its weights are then freed one by one as
  /// they are packed, and never held twice.
  ///
  /// - Parameters:
  ///   - inputSizes: shape of each float input; inputs whose declaration is complete may be left out.
  ///   - executor: shares the work of each operator.
  ///   - isOptimized: false keeps every operator as written, on its reference kernel.
  public consuming func session(
    inputSizes: [String: [Int]] = [:], executor: any ParallelExecutor,
    isOptimized: Bool = true
  ) throws(InferenceError) -> Session {
    let types = inputSizes.mapValues { TensorType(.float32, $0) }
    return try Session(
      self, types: types, constants: [:], executor: executor,
      isOptimized: isOptimized)
  }

  /// Plans for given input tensors: float inputs stay inputs, integer and boolean ones become constants of the
  /// plan (ONNX uses them for shapes, axes and indices), and all are filled in.
  ///
  /// - Parameter knownInPlan: float inputs to treat as constants of the plan too (scales, bounds, weights).
  public func session(
    feeding tensors: [String: Tensor], knownInPlan: Set<String> = [], executor: any ParallelExecutor,
    isOptimized: Bool = true
  ) throws(InferenceError) -> Session {
    func isVariable(_ name: String, _ tensor: Tensor) -> Bool {
      tensor.type == .float32 && tensor.shape.allSatisfy { $0 > 0 } && !knownInPlan.contains(name)
    }
    let variables = tensors.filter { isVariable($0.key, $0.value) }
    let session = try Session(
      self, types: variables.mapValues { TensorType($0.type, $0.shape) },
      constants: tensors.filter { !isVariable($0.key, $0.value) }, executor: executor,
      isOptimized: isOptimized)
    for (name, tensor) in variables { try session.set(name, to: tensor) }
    return session
  }
}
