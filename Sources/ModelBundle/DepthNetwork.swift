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
    } catch { throw .inference(path: model.path, error) }
    for buffer in [output, logSigma ?? output] where buffer.count != size.pixelCount {
      throw .badGraph(
        path: model.path,
        reason:
          "its output has \(buffer.count) values for an input of \(size); one per input pixel is needed. "
          + "Export the network with its output resized to the input.")
    }
  }

  /// Runs the network on what `input` holds.
  public func run() {
    session.run()
  }
}
