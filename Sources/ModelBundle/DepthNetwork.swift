import Inference
public import Quantities

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
  private let session: Session

  init(model: DepthModel, session: Session, size: ImageSize) throws(ModelBundleError) {
    self.size = size
    self.session = session
    do {
      input = try session.input(model.inputName)
      output = try session.output(model.outputName)
      if let name = model.logSigmaName { logSigma = try session.output(name) } else { logSigma = nil }
      let isSplit = session.inputs.contains("f_o")
      features = isSplit ? try session.output("f_s") : nil
      fusedFeatures = isSplit ? try session.input("f_o") : nil
      featureShape = isSplit ? Array(try session.type(of: "f_s").shape.dropFirst()) : []
    } catch { throw .inference(path: model.path, error) }
    for buffer in [output, logSigma ?? output] where buffer.count != size.pixelCount {
      throw .badGraph(
        path: model.path,
        reason:
          "its output has \(buffer.count) values for an input of \(size); one per input pixel is needed. "
          + "Export the network with its output resized to the input.")
    }
  }

  /// Runs the network on what `input` holds. With prior fusion call `encode` and `decode` instead.
  public func run() {
    session.run()
  }

  /// Runs everything that does not depend on the fused features.
  public func encode() { session.runEarlyPart() }

  /// Runs the rest, on the fused features.
  public func decode() { session.runLatePart() }
}
