import Inference
import Quantities

extension DepthModel {
  /// Sizes offered to a plain network that runs at any size: wide, in between, 4:3.
  private static let commonSizes = [
    ImageSize(width: 640, height: 192), ImageSize(width: 480, height: 256),
    ImageSize(width: 416, height: 320),
  ]

  /// A single-file depth network from anybody. `metadata_props` of the file may say how to read it
  /// (docs/bundle.md, "Plain ONNX files").
  init(plainONNX path: String, executor: any ParallelExecutor) throws(ModelBundleError) {
    let file = try ReadableFile(path: path)
    let (graph, hash) = try Self.parseAndHash(file, executor)
    let hints = PlainHints(graph.metadata, path: path)
    guard let input = graph.inputs.first, graph.inputs.count == 1 else {
      throw .badGraph(
        path: path,
        reason: "a depth network has one input (1, 3, height, width); this one has \(graph.inputs.count)")
    }
    guard let first = graph.outputs.first?.name else {
      throw .badGraph(path: path, reason: "it has no output")
    }
    let fixedSize = try Self.fixedSize(of: input, path: path)
    self.graph = LoadedNetwork(graph) { () throws(ModelBundleError) in try file.network() }
    completion = nil
    pose = nil
    files = [file]
    fileHashes = [:]
    architecture = nil
    self.path = path
    name = path.split(separator: "/").last.map { String($0.dropLast(5)) } ?? path
    self.hash = hash
    encoderHash = hash
    isResizable = fixedSize == nil
    inputSizes = fixedSize.map { [$0] } ?? Self.commonSizes
    normalization = Normalization(
      mean: try hints.channels("depthd.normalisation_mean") ?? .zero,
      standardDeviation: try hints.channels("depthd.normalisation_std") ?? .one)
    if let stated = try hints.output {
      output = stated
    } else {
      output = try Self.guessOutput(named: first, of: graph, path: path)
    }
    disparityToDepth = DisparityToDepth(
      minimumDepthMeters: try hints.number("depthd.min_depth_m") ?? 0.1,
      maximumDepthMeters: try hints.number("depthd.max_depth_m") ?? 100)
    canonicalFxPixels = try hints.number("depthd.canonical_fx_px")
    // Nothing is known of its scale: a factor of e either way.
    initialScale = InitialScale(value: 1, logSigma: 1)
    confidence = nil
    inputName = input.name
    outputName = first
    logSigmaName = nil
  }

  /// A file's network and the SHA-256 of its bytes, which are not kept.
  private static func parseAndHash(
    _ file: ReadableFile, _ executor: any ParallelExecutor
  ) throws(ModelBundleError) -> (Model, String) {
    var hash: Result<String, ModelBundleError>?
    var network: Result<Model, ModelBundleError>?
    // Both read the whole file, and take about as long as each other.
    executor.run(parts: 2) { part in
      if part == 1 {
        hash = Result { () throws(ModelBundleError) in try file.hash() }
      } else {
        network = Result { () throws(ModelBundleError) in try file.network() }
      }
    }
    guard let hash, let network else { preconditionFailure("An executor runs every part.") }
    let both = (try network.get(), try hash.get())
    try file.requireUnchanged()
    return both
  }

  /// The one size a file is made for; nil when it runs at any.
  private static func fixedSize(of input: TensorDeclaration, path: String) throws(ModelBundleError)
    -> ImageSize?
  {
    guard let shape = input.shape else { return nil }
    guard shape.count == 4, shape[0] == nil || shape[0] == 1, shape[1] == nil || shape[1] == 3 else {
      let found = shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
      throw .badGraph(
        path: path,
        reason: "its input \(input.name) is (\(found)); a depth network takes (1, 3, height, width)")
    }
    guard let height = shape[2], let width = shape[3] else { return nil }
    guard width % 32 == 0, height % 32 == 0 else {
      throw .badGraph(
        path: path, reason: "its input is \(width)x\(height); both sides must be multiples of 32")
    }
    return ImageSize(width: width, height: height)
  }

  /// What an output is, by its name or by the operator that makes it.
  private static func guessOutput(
    named name: String, of graph: Model, path: String
  ) throws(ModelBundleError) -> Output {
    let word = name.lowercased()
    if word.contains("inv") { return .inverseDepth }
    if word.contains("disp") || graph.operatorProducing(name) == "Sigmoid" { return .disparity }
    if word.contains("depth") { return .depth }
    throw .badGraph(
      path: path,
      reason: "nothing says whether its output \"\(name)\" is disparity, inverse_depth or depth; "
        + "set the metadata property depthd.output")
  }
}

/// The file's own metadata, read strictly: a hint that cannot be read is an error, not ignored.
private struct PlainHints {
  let metadata: [String: String]
  let path: String

  init(_ metadata: [String: String], path: String) {
    self.metadata = metadata
    self.path = path
  }

  var output: DepthModel.Output? {
    get throws(ModelBundleError) {
      guard let text = metadata["depthd.output"] else { return nil }
      guard let output = DepthModel.Output(rawValue: text) else {
        throw .badGraph(
          path: path, reason: "depthd.output is \"\(text)\"; disparity, inverse_depth and depth are known")
      }
      return output
    }
  }

  func number(_ key: String) throws(ModelBundleError) -> Double? {
    guard let text = metadata[key] else { return nil }
    guard let value = Double(text), value > 0, value.isFinite else {
      throw .badGraph(path: path, reason: "\(key) is \"\(text)\"; a positive number is needed")
    }
    return value
  }

  func channels(_ key: String) throws(ModelBundleError) -> SIMD3<Float>? {
    guard let text = metadata[key] else { return nil }
    let values = text.split(separator: ",").compactMap { Float($0.filter { !$0.isWhitespace }) }
    guard values.count == 3, values.allSatisfy(\.isFinite) else {
      throw .badGraph(
        path: path, reason: "\(key) is \"\(text)\"; three numbers separated by commas are needed")
    }
    return SIMD3(values[0], values[1], values[2])
  }
}
