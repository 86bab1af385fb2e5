public import Completion
import Foundation
import Inference
public import PriorFusion
public import Quantities

/// A depth network and everything needed to read its output: a bundle folder, or a plain `.onnx` file.
///
/// Immutable and shared; `network(for:executor:)` plans it for one image size.
public struct DepthModel: Sendable {
  /// What the network's output is.
  public enum Output: String, Sendable, CaseIterable {
    /// Sigmoid disparity, read through `disparityToDepth`.
    case disparity
    case inverseDepth = "inverse_depth"
    case depth
  }

  /// `(rgb - mean) / standardDeviation` with rgb in 0...1.
  public struct Normalization: Equatable, Sendable {
    public var mean: SIMD3<Float>
    public var standardDeviation: SIMD3<Float>
  }

  /// `1 / depth = 1/maximum + (1/minimum - 1/maximum) disparity`, metres of the canonical camera.
  public struct DisparityToDepth: Equatable, Sendable {
    public var minimumDepthMeters: Double
    public var maximumDepthMeters: Double
  }

  public struct InitialScale: Equatable, Sendable {
    /// Metres per unit of network depth, for cameras like those the model was trained on.
    public var value: Double
    /// Standard deviation of log(value).
    public var logSigma: Double
  }

  /// Standard deviation of log depth is `exp(a * log_sigma + b)`.
  public struct ConfidenceCalibration: Equatable, Sendable {
    public var a: Double
    public var b: Double
  }

  public internal(set) var name: String
  /// SHA-256, hexadecimal: of `bundle.json`, which names every file's hash, or of the `.onnx` file.
  public internal(set) var hash: String
  public internal(set) var path: String
  /// Sizes the network was trained at, or the one it is fixed to.
  public internal(set) var inputSizes: [ImageSize]
  public internal(set) var normalization: Normalization
  public internal(set) var output: Output
  public internal(set) var disparityToDepth: DisparityToDepth
  /// Focal length of the camera the depth is expressed for, pixels of the network's input grid; nil when depth
  /// does not depend on it.
  public internal(set) var canonicalFxPixels: Double?
  public package(set) var initialScale: InitialScale
  public internal(set) var confidence: ConfidenceCalibration?
  /// SHA-256 of the encoder alone, which a prior bank must have been built with.
  public internal(set) var encoderHash: String
  /// Name to SHA-256 of the bundle's files, bundle.json excepted; empty for a plain file.
  public internal(set) var fileHashes: [String: String]
  /// The bundle's word for its networks' shape; nil for a plain file.
  public internal(set) var architecture: String?
  /// The network for the motion between two frames; nil when the bundle has none that could be trusted with scale.
  public internal(set) var pose: PoseModel?
  /// The network that turns range points into additions to the decoder's inputs; nil when the bundle has none.
  public internal(set) var completion: CompletionWeights?
  /// The prior bank that networks of this model fuse; nil = they are the plain network, bit for bit.
  public package(set) var priors: PriorBank?
  /// The whole network as one graph.
  let graph: LoadedNetwork
  /// What it was loaded from, its prior bank excepted.
  let files: [ReadableFile]
  let inputName: String
  let outputName: String
  let logSigmaName: String?
  /// Whether the graph runs at any size, or only at `inputSizes`.
  let isResizable: Bool

  /// Loads a bundle folder or a plain `.onnx` file.
  ///
  /// - Parameters:
  ///   - priors: the prior bank that comes with it.
  ///   - executor: shares the work on a plain file.
  public static func load(
    path: String, priors: PriorChoice = .bundle, executor: any ParallelExecutor = SerialExecutor()
  ) throws(ModelBundleError) -> DepthModel {
    var model = try read(path: path, executor: executor)
    model.priors = try model.loadPriors(priors)
    return model
  }

  private static func read(
    path: String, executor: any ParallelExecutor
  ) throws(ModelBundleError) -> DepthModel {
    var isFolder = ObjCBool(false)
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .notFound(path: path)
    }
    if isFolder.boolValue { return try DepthModel(bundle: BundleFolder(path: path)) }
    guard path.hasSuffix(".onnx") else { throw .notFound(path: path) }
    return try DepthModel(plainONNX: path, executor: executor)
  }

  /// The hash that `load` would give, from the one file that has it: tells whether a folder holds another model now.
  public static func hash(path: String) throws(ModelBundleError) -> String {
    let bundle = path + "/bundle.json"
    let file = FileManager.default.fileExists(atPath: bundle) ? bundle : path
    guard let data = FileManager.default.contents(atPath: file) else { throw .notFound(path: path) }
    return SHA256.hexadecimal(of: Array(data))
  }

  /// The input size whose shape is nearest to an image's (smallest difference of log width/height).
  public func bestInputSize(for image: ImageSize) -> ImageSize {
    let wanted = log(image.aspectRatio)
    let nearest = inputSizes.min { abs(log($0.aspectRatio) - wanted) < abs(log($1.aspectRatio) - wanted) }
    return nearest ?? ImageSize(width: 640, height: 192)
  }

  /// Whether it can be planned again: nobody wrote to its files since they were opened. Files that took their place, or
  /// their removal, do not matter.
  public var isIntact: Bool { files.allSatisfy(\.isUnchanged) }

  /// Plans the network for one size and prepares its weights. The first to plan one has those that `load` read; for
  /// whoever comes later they are read again.
  ///
  /// - Parameters:
  ///   - size: width and height in multiples of 32.
  ///   - priors: the bank that is fused with the encoder's features, made for this model's encoder; nil for the plain
  ///     network.
  ///   - priorSearch: how queries find the bank's references.
  ///   - pointCap: the most range points that a frame may bring, more are thinned; 0 for a network that takes none.
  /// - Throws: `.size` when the file is fixed to another size, `.inference`, `.badGraph`, `.noCompletion`;
  ///   `.unreadable` when it is planned again and not intact.
  public func network(
    for size: ImageSize, executor: any ParallelExecutor, priors: PriorBank? = nil,
    priorSearch: PriorSearch = .exact, pointCap: Int = 0
  ) throws(ModelBundleError) -> DepthNetwork {
    guard isResizable || inputSizes.contains(size) else {
      let fixed = inputSizes.map(\.description).joined(separator: ", ")
      throw .size(path: path, asked: size, reason: "the file is fixed to \(fixed)")
    }
    guard pointCap == 0 || completion != nil else { throw .noCompletion(path: path) }
    guard priors == nil || architecture != nil else {
      throw .badGraph(
        path: path, reason: "a plain ONNX file has no features to fuse a prior bank with. Use a bundle.")
    }
    let weights = try graph.take()
    let session: Session
    do {
      session = try (consume weights).session(
        inputSizes: [inputName: [1, 3, size.height, size.width]], executor: executor)
    } catch { throw .inference(path: path, error) }
    let completion = (pointCap > 0 ? completion : nil).map {
      CompletionNetwork($0, size: size, pointCap: pointCap, executor: executor)
    }
    return try DepthNetwork(
      NetworkEndpoints(path: path, input: inputName, output: outputName, logSigma: logSigmaName),
      session: session, priors: priors, priorSearch: priorSearch, completion: completion, size: size,
      executor: executor)
  }
}
