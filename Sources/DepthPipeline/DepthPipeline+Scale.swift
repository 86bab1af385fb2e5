import Completion
public import Geometry
import Glibc
import ImageBuffers
import ModelBundle
import Preprocessing
public import Quantities
public import Scale

extension DepthPipeline {
  /// The last frame as it was published; valid until the next.
  public func publishedFrame(time: MonotonicTime) -> ScaleObserver.Frame? {
    frame(time: time, depth: maps.unscaled.baseAddress)
  }

  /// The last frame as observers of scale must see it: depth predicted from the image alone. Points enter the network
  /// divided by the present scale, so that completed depth would confirm whatever that is.
  ///
  /// Runs the network once more for a frame that points have completed.
  public func predictedFrame(time: MonotonicTime) -> ScaleObserver.Frame? {
    if isCompleted { predict() }
    return frame(time: time, depth: predictedDepth)
  }

  /// The last frame's depth in the network's unit, predicted from its image alone, of the grid's size; valid until the
  /// next frame. Runs the network once more for a frame that points have completed.
  package func predictedUnits() -> UnsafeBufferPointer<Float> {
    if isCompleted { predict() }
    return UnsafeBufferPointer(start: predictedDepth, count: grid.size.pixelCount)
  }

  /// Whether range points have completed the last frame.
  public var isCompleted: Bool { ranges.report.completing > 0 }

  private var predictedDepth: UnsafeMutablePointer<Float> {
    isCompleted ? maps.predicted.baseAddress : maps.unscaled.baseAddress
  }

  private func frame(time: MonotonicTime, depth: UnsafePointer<Float>) -> ScaleObserver.Frame? {
    guard let image = network.input.baseAddress else { return nil }
    return ScaleObserver.Frame(time: time, image: UnsafePointer(image), depth: depth)
  }

  /// What looks at this pipeline's frames for their scale; nil for an uncalibrated camera, whose pixels motion says
  /// nothing about.
  public func makeScaleObserver(
    mount: CameraMount?, settings: ScaleObserver.Settings = ScaleObserver.Settings()
  ) -> ScaleObserver? {
    guard let intrinsics = grid.intrinsics else { return nil }
    return ScaleObserver(
      intrinsics: intrinsics, mount: mount, initialLogScale: log(model.initialScale.value),
      poseNetwork: poseNetwork(fx: intrinsics.fx), settings: settings)
  }

  /// Whether range points came for the frame that was processed last.
  public var hasRangePoints: Bool { ranges.points.count > 0 }

  /// ln(measured metres / predicted units) at the range points of the frame of the last `predictedFrame`; empty when
  /// it has none on the grid. Valid until the next call.
  public func rangeRatios() -> UnsafeMutableBufferPointer<Float> {
    ratios.run(ranges.points, depth: predictedDepth)
  }

  /// What measures turns between this pipeline's frames; nil for an uncalibrated camera.
  public func makeTurnMeter(mount: CameraMount?) -> TurnMeter? {
    grid.intrinsics.map { TurnMeter(intrinsics: $0, mount: mount) }
  }

  /// Whether a pose network runs beside the depth network.
  public var hasPoseNetwork: Bool { posePairs != nil }

  private func poseNetwork(
    fx: Double
  ) -> (source: any PairMotionSource, training: PairMotionTraining)? {
    guard let posePairs, let pose = model.pose, let canonicalFx = model.canonicalFxPixels else { return nil }
    let training = PairMotionTraining(
      distance: pose.distanceMeters(fx: fx, canonicalFx: canonicalFx),
      rotationRadians: pose.rotationLimitRadians, pairSigma: pose.logNormSigma,
      placeSigma: pose.logNormBiasSigma)
    return (posePairs, training)
  }

  static func posePairs(
    _ model: DepthModel, _ grid: PublishedGrid, _ executor: any ParallelExecutor
  ) throws(ModelBundleError) -> PosePairs? {
    guard let pose = model.pose, let intrinsics = grid.intrinsics, let canonicalFx = model.canonicalFxPixels
    else { return nil }
    return try PosePairs(
      pose, size: grid.size, intrinsics: intrinsics, canonicalFx: canonicalFx, executor: executor)
  }
}
