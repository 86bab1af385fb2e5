import Completion
public import Geometry
import Glibc
public import ImageBuffers
import ModelBundle
import Preprocessing
public import Quantities
public import Scale

extension DepthPipeline {
  /// The last frame as observers of scale see it; valid until the next.
  public func scaleFrame(time: MonotonicTime) -> ScaleObserver.Frame? {
    guard let image = network.input.baseAddress else { return nil }
    return ScaleObserver.Frame(
      time: time, image: UnsafePointer(image), depth: UnsafePointer(maps.unscaled.baseAddress))
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

  /// ln(measured metres / predicted units) at the range points of the frame that was processed last; empty when it
  /// has none on the grid. Valid until the next call.
  public func rangeRatios() -> UnsafeMutableBufferPointer<Float> {
    ratios.run(ranges.points, depth: maps.unscaled.baseAddress)
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
