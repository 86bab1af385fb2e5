public import Completion
public import Inference
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
  /// The encoder's features F_s (C, h, w), after `encode`; nil for plain files and without `fusesPriors`.
  public let features: UnsafeBufferPointer<Float>?
  /// The fused features F_o (C, h, w), to be written before `decode`; nil unless made with `fusesPriors`.
  public let fusedFeatures: UnsafeMutableBufferPointer<Float>?
  /// (C, h, w) of the features; empty when there are none.
  public let featureShape: [Int]
  /// Bytes of all activations.
  public var arenaByteCount: Int { session.arenaByteCount }
  /// What each step of the network does, in the order they run.
  public var costs: [StepCost] { session.costs }
  private let session: Session
  private let completion: CompletionNetwork?
  /// The decoder input of each of the completion network's levels; empty without it.
  private let decoderMaps: [DecoderMap]

  init(
    _ endpoints: NetworkEndpoints, session: Session, completion: CompletionNetwork?, size: ImageSize
  ) throws(ModelBundleError) {
    self.size = size
    self.session = session
    self.completion = completion
    do {
      input = try session.input(endpoints.input)
      output = try session.output(endpoints.output)
      if let name = endpoints.logSigma { logSigma = try session.output(name) } else { logSigma = nil }
      let isSplit = session.inputs.contains("f_o")
      features = isSplit ? try session.output("f_s") : nil
      fusedFeatures = isSplit ? try session.input("f_o") : nil
      featureShape = isSplit ? Array(try session.type(of: "f_s").shape.dropFirst()) : []
      decoderMaps = try (completion?.weights.levels ?? []).map { level throws(InferenceError) in
        try Self.map(of: level.target, in: session)
      }
    } catch { throw .inference(path: endpoints.path, error) }
    for buffer in [output, logSigma ?? output] where buffer.count != size.pixelCount {
      throw .badGraph(
        path: endpoints.path,
        reason:
          "its output has \(buffer.count) values for an input of \(size); one per input pixel is needed. "
          + "Export the network with its output resized to the input.")
    }
    try checkMaps(path: endpoints.path)
  }

  /// Runs the network on what `input` holds. With prior fusion call `encode` and `decode` instead.
  public func run() {
    session.run()
  }

  /// Runs the network and calls `finished` with the index of each step, in the order of `costs`, as it ends.
  public func run(finished: (Int) -> Void) { session.run(finished: finished) }

  /// Runs the network with range points (`complete`); with too few of them it is `run`, to the bit.
  @discardableResult
  public func run(completing points: borrowing SparseDepth, unitsPerMeter: Float) -> Int {
    encode()
    let usedPoints = complete(points, unitsPerMeter: unitsPerMeter)
    decode()
    return usedPoints
  }

  /// Runs everything that does not depend on the fused features or on range points.
  public func encode() { session.runEarlyPart() }

  /// Lets range points into what the decoder reads, between `encode` (and writing the fused features) and `decode`.
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
    return completion.usedPoints
  }

  /// Runs the rest, on the decoder's inputs as they are now.
  public func decode() { session.runLatePart() }

  private static func map(of name: String, in session: Session) throws(InferenceError) -> DecoderMap {
    // With prior fusion F_o is an input of its own, else a seam like the skips.
    if session.inputs.contains(name) {
      let shape = try session.type(of: name).shape
      let values = try session.input(name)
      guard let base = values.baseAddress else {
        throw .unknownTensor(model: session.name, name: name, known: session.inputs)
      }
      return DecoderMap(base: base, channels: shape[1], height: shape[2], width: shape[3])
    }
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
