import Inference
import Synchronization

/// A checked network on its way into sessions.
///
/// Its weights are held until the first session is planned, which takes them. Whoever plans another, for another size
/// of image or for a configuration on trial, has them read again from the files, which stay open: a network's weights
/// are not held beside those that a running session has prepared of them (docs/decisions/0025).
final class LoadedNetwork: Sendable {
  private let held: Mutex<Model?>
  private let readAgain: @Sendable () throws(ModelBundleError) -> Model

  /// - Parameter readAgain: gives the same network once more, or says why it is not to be had.
  init(_ model: Model, readAgain: @escaping @Sendable () throws(ModelBundleError) -> Model) {
    held = Mutex(model)
    self.readAgain = readAgain
  }

  /// The network, which the caller alone has then.
  /// - Throws: `.unreadable` when a file was written to since it was opened, or its disk fails.
  func take() throws(ModelBundleError) -> Model {
    if let model = held.withLock({ $0.take() }) { return model }
    return try readAgain()
  }
}
