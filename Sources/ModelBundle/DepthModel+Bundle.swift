import Completion
import Inference
import Quantities
import TensorFiles

extension DepthModel {
  /// The decoder's input that prior fusion changes.
  static let fusedFeature = "f_o"

  /// Names fixed by the bundle format.
  private enum Names {
    static let image = "image"
    static let feature = "f_s"
    static let fusedFeature = DepthModel.fusedFeature
    static let skipPrefix = "skip_"
    static let completionFile = "san.safetensors"
    static let disparity = "disparity"
    static let logSigma = "log_sigma"
  }

  /// Joins encoder and decoder into one graph. Without a prior bank the decoder's fused feature is the encoder's
  /// own: fusion with zeroed columns (docs/decisions/0010).
  init(bundle: BundleFolder) throws(ModelBundleError) {
    let manifest = bundle.manifest
    let encoderPath = bundle.path + "/encoder.onnx"
    let decoderPath = bundle.path + "/decoder.onnx"
    let encoder = try bundle.network("encoder.onnx")
    let decoder = try bundle.network("decoder.onnx")
    guard encoder.inputs.map(\.name) == [Names.image] else {
      throw .badGraph(path: encoderPath, reason: "its only input must be \"\(Names.image)\"")
    }
    let outputs = decoder.outputs.map(\.name)
    guard outputs.contains(Names.disparity) else {
      throw .badGraph(path: decoderPath, reason: "it has no output \"\(Names.disparity)\"")
    }
    var connections: [String: String] = [:]
    for input in decoder.inputs.map(\.name) {
      guard input == Names.fusedFeature || input.hasPrefix(Names.skipPrefix) else {
        throw .badGraph(
          path: decoderPath, reason: "its input \"\(input)\" is neither f_o nor a skip_ feature")
      }
      connections[input] = input == Names.fusedFeature ? Names.feature : input
    }
    completion = try Self.completion(of: bundle, inputs: Set(connections.keys))
    guard connections[Names.fusedFeature] != nil else {
      throw .badGraph(path: decoderPath, reason: "it has no input \"\(Names.fusedFeature)\"")
    }
    let seams = Set((completion?.levels ?? []).map(\.target)).union([Names.fusedFeature])
    let joint = Joint(connections: connections, seams: seams, path: bundle.path)
    graph = LoadedNetwork(try joint.link(encoder, decoder)) { () throws(ModelBundleError) in
      try joint.link(bundle.network("encoder.onnx"), bundle.network("decoder.onnx"))
    }
    pose =
      if let pose = manifest.pose {
        try PoseModel(pose, path: bundle.path + "/pose.onnx") { () throws(ModelBundleError) in
          try bundle.network("pose.onnx")
        }
      } else { nil }
    encoderHash = (manifest.files["encoder.onnx"] ?? "").lowercased()
    files = Array(bundle.files.values)
    fileHashes = manifest.files
    architecture = manifest.architecture
    name = manifest.name
    hash = bundle.hash
    path = bundle.path
    inputSizes = manifest.inputSizes.map { ImageSize(width: $0[0], height: $0[1]) }
    let mean = manifest.normalisation.mean
    let deviation = manifest.normalisation.std
    normalization = Normalization(
      mean: SIMD3(mean[0], mean[1], mean[2]),
      standardDeviation: SIMD3(deviation[0], deviation[1], deviation[2]))
    output = .disparity
    disparityToDepth = DisparityToDepth(
      minimumDepthMeters: manifest.disparityToDepth.minimumDepth,
      maximumDepthMeters: manifest.disparityToDepth.maximumDepth)
    canonicalFxPixels = manifest.canonicalFxPixels
    initialScale = InitialScale(value: manifest.initialScale, logSigma: manifest.initialScaleLogSigma)
    inputName = Names.image
    outputName = Names.disparity
    logSigmaName = outputs.contains(Names.logSigma) ? Names.logSigma : nil
    confidence =
      logSigmaName == nil ? nil : ConfidenceCalibration(a: manifest.confidence.a, b: manifest.confidence.b)
    isResizable = true
  }

  /// How encoder and decoder become one graph.
  private struct Joint {
    /// The decoder's inputs to the encoder's outputs.
    let connections: [String: String]
    let seams: Set<String>
    let path: String

    func link(_ encoder: Model, _ decoder: Model) throws(ModelBundleError) -> Model {
      do { return try encoder.linked(to: decoder, connections: connections, seams: seams) } catch {
        throw .inference(path: path, error)
      }
    }
  }

  /// The completion network, if the bundle has one; every level must have its decoder input.
  private static func completion(
    of bundle: BundleFolder, inputs: Set<String>
  ) throws(ModelBundleError) -> CompletionWeights? {
    guard let file = try bundle.tensors(Names.completionFile) else { return nil }
    let weights: CompletionWeights
    do { weights = try CompletionWeights(file, architecture: bundle.manifest.architecture) } catch {
      throw .tensors(error)
    }
    if let level = weights.levels.first(where: { !inputs.contains($0.target) }) {
      throw .badGraph(
        path: file.name,
        reason: "its stride \(level.stride) adds to \(level.target), which decoder.onnx does not read")
    }
    return weights
  }
}
