public import Completion
public import Inference
public import PriorFusion
public import Quantities

/// What a network needs to know of its model besides the graph: the file, for errors, and the names of its tensors.
struct NetworkEndpoints {
  var path: String
  var input: String
  var output: String
  var logSigma: String?
}

/// A depth model planned for one size. Not thread-safe: use it on one thread at a time; `run` allocates
/// nothing and the buffers stay where they are.
public final class DepthNetwork {
  public let size: ImageSize
  /// (3, height, width): planes red, green, blue, normalised as the model wants; written before each `run`.
  public let input: UnsafeMutableBufferPointer<Float>
  /// (height, width): what the model's `output` says; valid until the next `run`.
  public let output: UnsafeBufferPointer<Float>
  /// (height, width): log of the estimated spread of log depth; nil when the model estimates none.
  public let logSigma: UnsafeBufferPointer<Float>?
  /// The fusion with a prior bank, and what its last run says about itself; nil for the plain network.
  public let priorFusion: PriorFusionNetwork?
  /// Bytes of all activations.
  public var arenaByteCount: Int { session.arenaByteCount }
  /// What each step of the network does, in the order they run.
  public var costs: [StepCost] { session.costs }
  /// About how long one run takes on one core, nanoseconds, counted (`StepCost.nominalNanoseconds`); priors and points
  /// not included.
  public var nominalNanoseconds: Double { session.nominalNanoseconds }
  private let session: Session
  /// Where F_s becomes F_o; nil without a bank.
  private let features: Session.Seam?
  private let completion: CompletionNetwork?
  /// The decoder input of each of the completion network's levels; empty without it.
  private let decoderMaps: [DecoderMap]
  /// Whether the decoder's inputs hold range points, to which its output is then held.
  private var hasPoints = false

  init(
    _ endpoints: NetworkEndpoints, session: Session, priors: PriorBank?, priorSearch: PriorSearch,
    completion: CompletionNetwork?, size: ImageSize, executor: any ParallelExecutor
  ) throws(ModelBundleError) {
    self.size = size
    self.session = session
    self.completion = completion
    do {
      input = try session.input(endpoints.input)
      output = try session.output(endpoints.output)
      if let name = endpoints.logSigma { logSigma = try session.output(name) } else { logSigma = nil }
      features = priors == nil ? nil : try session.seam(DepthModel.fusedFeature)
      decoderMaps = try (completion?.weights.levels ?? []).map { level throws(InferenceError) in
        try Self.map(of: level.target, in: session)
      }
    } catch { throw .inference(path: endpoints.path, error) }
    priorFusion = try Self.fusion(
      of: priors, priorSearch, into: features, size: size, executor: executor, path: endpoints.path)
    for buffer in [output, logSigma ?? output] where buffer.count != size.pixelCount {
      throw .badGraph(
        path: endpoints.path,
        reason:
          "its output has \(buffer.count) values for an input of \(size); one per input pixel is needed. "
          + "Export the network with its output resized to the input.")
    }
    try checkMaps(path: endpoints.path)
  }

  private static func fusion(
    of priors: PriorBank?, _ search: PriorSearch, into features: Session.Seam?,
    size: ImageSize, executor: any ParallelExecutor, path: String
  ) throws(ModelBundleError) -> PriorFusionNetwork? {
    guard let priors, let features else { return nil }
    guard features.shape[1] == priors.featureChannels else {
      throw .badGraph(
        path: path,
        reason:
          "its features f_s have \(features.shape[1]) channels, those of the prior bank \(priors.id) "
          + "\(priors.featureChannels). Project its reference set again for this model (depthtrain.priors project)."
      )
    }
    guard features.shape[2] * 16 == size.height, features.shape[3] * 16 == size.width else {
      throw .badGraph(
        path: path,
        reason:
          "its features f_s are \(features.shape[3])x\(features.shape[2]) for an input of \(size); prior fusion "
          + "needs one for each 16x16 pixels")
    }
    return PriorFusionNetwork(
      priors, featureShape: Array(features.shape.dropFirst()), executor: executor, search: search)
  }

  /// Runs the whole network on what `input` holds, prior fusion included.
  public func run() {
    encode()
    fuse()
    decode()
  }

  /// Runs the network and calls `finished` with the index of each step, in the order of `costs`, as it ends; prior
  /// fusion, which is run too, is none of them.
  public func run(finished: (Int) -> Void) {
    hasPoints = false
    session.run(finished: finished, beforeLatePart: fuse)
  }

  /// Runs the network with range points (`complete`); with too few of them it is `run`, to the bit.
  @discardableResult
  public func run(completing points: borrowing SparseDepth, unitsPerMeter: Float) -> Int {
    encode()
    fuse()
    let usedPoints = complete(points, unitsPerMeter: unitsPerMeter)
    decode()
    return usedPoints
  }

  /// Runs everything that depends neither on priors nor on range points.
  public func encode() {
    hasPoints = false
    session.runEarlyPart()
  }

  /// Fuses the prior bank with what `encode` found; nothing without a bank.
  public func fuse() {
    guard let priorFusion, let features else { return }
    priorFusion.run(features.base, blockChannels: features.blockChannels)
  }

  /// The encoder's features F_s as rows (pixels, C), after `encode` and before `fuse`, for tools: allocates.
  ///
  /// - Throws: `.inference` for a plain ONNX file, which has none.
  public func featureRows() throws(ModelBundleError) -> [Float] {
    let seam: Session.Seam
    do { seam = try session.seam(DepthModel.fusedFeature) } catch {
      throw .inference(path: session.name, error)
    }
    let (channels, pixels, block) = (seam.shape[1], seam.shape[2] * seam.shape[3], seam.blockChannels)
    var rows = [Float](repeating: 0, count: pixels * channels)
    for channel in 0..<channels {
      let plane = seam.base + channel / block * block * pixels + channel % block
      for pixel in 0..<pixels { rows[pixel * channels + channel] = plane[pixel * block] }
    }
    return rows
  }

  /// Lets range points into what the decoder reads, after `fuse` and before `decode`.
  ///
  /// With fewer points than the model's `completion.fewestPoints` nothing changes.
  /// - Parameter unitsPerMeter: what turns the points' metres into the network's unit of depth: the inverse of the
  ///   scale times the focal factor.
  /// - Returns: points that entered, after thinning; 0 when there were too few.
  /// - Precondition: the network was made with a `pointCap`; the points lie on a grid of `size`.
  @discardableResult
  public func complete(_ points: borrowing SparseDepth, unitsPerMeter: Float) -> Int {
    guard let completion else { preconditionFailure("this network was made for no points") }
    guard points.count >= completion.weights.fewestPoints else { return 0 }
    completion.run(points, unitsPerMeter: unitsPerMeter)
    completion.add(to: decoderMaps)
    hasPoints = true
    return completion.usedPoints
  }

  /// Runs the rest, on the decoder's inputs as they are now; after `complete` the output is held to the points.
  ///
  /// - Parameter decoded: called when the decoder is done, before its output is held to the points.
  public func decode(decoded: () -> Void = {}) {
    session.runLatePart()
    decoded()
    guard hasPoints else { return }
    completion?.anchor(UnsafeMutableBufferPointer(mutating: output))
  }

  /// After a run that points have completed: how much of sigma is left in each cell of
  /// `CompletionNetwork.sigmaCellPixels` squared, row by row. Nil after any other.
  public var sigmaShares: UnsafePointer<Float>? { hasPoints ? completion?.sigmaShares : nil }

  private static func map(of name: String, in session: Session) throws(InferenceError) -> DecoderMap {
    let seam = try session.seam(name)
    return DecoderMap(
      base: seam.base, channels: seam.shape[1], height: seam.shape[2], width: seam.shape[3],
      blockChannels: seam.blockChannels)
  }

  /// Refuses a completion network that was made for other decoder inputs.
  private func checkMaps(path: String) throws(ModelBundleError) {
    for (level, map) in zip(completion?.weights.levels ?? [], decoderMaps) {
      let (height, width) = (size.height / level.targetStride, size.width / level.targetStride)
      guard map.channels == level.targetChannels, map.height == height, map.width == width else {
        throw .badGraph(
          path: path,
          reason:
            "san.safetensors adds (\(level.targetChannels), \(height), \(width)) to \(level.target), which is "
            + "(\(map.channels), \(map.height), \(map.width)). Export the bundle again.")
      }
    }
  }
}
