import Inference
public import Quantities

/// The pose network of a bundle, and what its training says of it.
///
/// Immutable and shared; `network(forDepthSize:executor:)` plans it for one image size.
public struct PoseModel: Sendable {
  /// Columns and rows of the depth network's input that make one of this network's.
  public let inputDivisor: Int
  /// 5th and 95th percentile of the distances between trained pairs, as the canonical camera sees them.
  public let distance: ClosedRange<Double>
  /// 95th percentile of the rotations between trained pairs, radians.
  public let rotationLimitRadians: Double
  /// Standard deviation of ln(predicted / true distance) from pair to pair within a validation drive.
  public let logNormSigma: Double
  /// Root mean square of the validation drives' medians of it: what averaging over pairs does not remove.
  public let logNormBiasSigma: Double
  let path: String
  private let graph: LoadedNetwork

  private enum Names {
    static let pair = "pair"
    static let axisAngle = "axis_angle"
    static let translation = "translation_m"
  }

  /// - Parameter read: gives the network, as often as it is asked.
  /// - Throws: `.badGraph` for what is no pose network.
  init(
    _ pose: BundleManifest.Pose, path: String, read: @escaping @Sendable () throws(ModelBundleError) -> Model
  ) throws(ModelBundleError) {
    let graph = try read()
    guard graph.inputs.map(\.name) == [Names.pair],
      graph.outputs.map(\.name) == [Names.axisAngle, Names.translation]
    else {
      let inputs = graph.inputs.map(\.name).joined(separator: ", ")
      let outputs = graph.outputs.map(\.name).joined(separator: ", ")
      throw .badGraph(
        path: path,
        reason:
          "a pose network makes axis_angle and translation_m of pair; this one makes \(outputs) of \(inputs). "
          + "Export it again.")
    }
    self.graph = LoadedNetwork(graph, readAgain: read)
    inputDivisor = pose.inputDivisor
    distance = pose.distance[0]...pose.distance[1]
    rotationLimitRadians = pose.rotationDegrees * .pi / 180
    logNormSigma = pose.logNormSigma
    logNormBiasSigma = pose.logNormBiasSigma
    self.path = path
  }

  /// The trained distances for a camera that drives ahead: the range within which a pair should be chosen.
  ///
  /// - Parameters:
  ///   - fx: in pixels of the depth network's input grid.
  ///   - canonicalFx: the model's `canonicalFxPixels`.
  public func distanceMeters(fx: Double, canonicalFx: Double) -> ClosedRange<Double> {
    distance.lowerBound * (fx / canonicalFx)...distance.upperBound * (fx / canonicalFx)
  }

  /// The size at which the pose network runs beside a depth network of an input size.
  public func size(forDepthSize size: ImageSize) -> ImageSize {
    ImageSize(width: size.width / inputDivisor, height: size.height / inputDivisor)
  }

  /// Plans the network and prepares its weights.
  ///
  /// - Parameter size: the depth network's input size.
  /// - Throws: `.inference`, `.badGraph`, `.unreadable`.
  public func network(
    forDepthSize size: ImageSize, executor: any ParallelExecutor
  ) throws(ModelBundleError) -> PoseNetwork {
    let own = self.size(forDepthSize: size)
    let session: Session
    let pair: UnsafeMutableBufferPointer<Float>
    let rotation: UnsafeBufferPointer<Float>
    let translation: UnsafeBufferPointer<Float>
    let weights = try graph.take()
    do throws(InferenceError) {
      session = try (consume weights).session(
        inputSizes: [Names.pair: [1, 6, own.height, own.width]], executor: executor)
      pair = try session.input(Names.pair)
      rotation = try session.output(Names.axisAngle)
      translation = try session.output(Names.translation)
    } catch { throw .inference(path: path, error) }
    guard rotation.count == 3, translation.count == 3 else {
      throw .badGraph(
        path: path, reason: "its outputs have \(rotation.count) and \(translation.count) numbers, not 3 and 3"
      )
    }
    return PoseNetwork(
      session: session, size: own, pair: pair, rotation: rotation, translation: translation)
  }
}
