import DepthPipeline
import Geometry
import Glibc
import ImageBuffers
import ModelBundle
import Platform
import Preprocessing
import Quantities
import Scale

/// The perception thread's side of the scale: shows frames to the observers, within a share of the network's time.
///
/// Observation comes after a frame was published: it never delays that frame, and no frame is looked at while more
/// than the share is used up, nor while the robot stands.
final class ScaleLearner {
  private let keeper: ScaleKeeper
  private let odometry: OdometryInbox
  private var observer: ScaleObserver?
  private var observerSettings = ScaleObserver.Settings()
  private var mount: CameraMount?
  private var moved: CameraMovedWatch?
  private var estimate: ScaleEstimate?
  private var budget = TimeBudget()
  private var isMoving = false
  /// What the last look found out about the motion, for the next frame.
  private var imageYawRate: Double?
  private var staticShare: Double?
  private weak var pipeline: DepthPipeline?
  /// What the last frame taught; empty when nobody looked at it.
  private(set) var found = ScaleObserver.Result()

  init(keeper: ScaleKeeper, odometry: OdometryInbox) {
    self.keeper = keeper
    self.odometry = odometry
  }

  /// Goes on with another pipeline, or other settings of the same.
  func follow(_ builder: PipelineBuilder, _ pipeline: DepthPipeline) {
    let isLearning = builder.settings.scaleConstant == nil
    let initial = builder.model.initialScale
    keeper.follow(
      isLearning ? ScaleKey(builder: builder, gridSize: pipeline.grid.size) : nil,
      prior: ScalePrior(logScale: log(initial.value), logSigma: initial.logSigma),
      settings: builder.settings.scale)
    let isOther = builder.settings.scaleObservers != observerSettings
    if pipeline !== self.pipeline || isLearning != (observer != nil) || isOther {
      mount = builder.calibration?.mount
      observerSettings = builder.settings.scaleObservers
      observer = isLearning ? pipeline.makeScaleObserver(mount: mount, settings: observerSettings) : nil
      keeper.note(silent: isLearning ? SilentSources(observerSettings, pipeline) : SilentSources())
      moved = mount.map { CameraMovedWatch(mount: $0, settings: builder.settings.scale.moved) }
    }
    self.pipeline = pipeline
  }

  /// The scale for a frame captured at `time`; nil while nothing is learned.
  func estimate(at time: MonotonicTime, _ sample: OdometrySample?) -> ScaleEstimate? {
    isMoving = sample.map { abs($0.speedMetersPerSecond) > 0 } ?? true
    let motion = ScaleMotion(
      time: time, speedMetersPerSecond: sample?.speedMetersPerSecond,
      yawRateRadiansPerSecond: sample?.yawRateRadiansPerSecond, independentYawRate: imageYawRate,
      staticShare: staticShare)
    imageYawRate = nil
    staticShare = nil
    estimate = keeper.advance(motion)
    return estimate
  }

  /// Learns from a frame that has become depth.
  func learn(from metadata: FrameMetadata, _ pipeline: DepthPipeline, _ report: FrameReport) {
    found = ScaleObserver.Result()
    guard observer != nil, isMoving, let frame = pipeline.scaleFrame(time: metadata.midExposureTime) else {
      return
    }
    let start = MonotonicTime.now()
    let seen = observer?.observe(frame, mayLook: budget.allows) { from, to in
      odometry.cameraMotion(from: from, to: to, mount: mount)
    }
    if let seen {
      found = seen
      take(seen, at: frame.time)
    }
    budget.spend(MonotonicTime.now() - start, of: report.timings.infer)
  }

  private func take(_ found: ScaleObserver.Result, at time: MonotonicTime) {
    imageYawRate = found.imageYawRate
    staticShare = found.staticShare
    if let observation = found.photometric { keeper.take(observation) }
    if let observation = found.ground { keeper.take(observation) }
    if let observation = found.pose { keeper.take(observation) }
    if let seen = found.seenMount, let estimate { watch(seen, estimate, at: time) }
  }

  /// Compares how the ground shows the camera to sit with how it was mounted.
  private func watch(_ seen: CameraMount, _ estimate: ScaleEstimate, at time: MonotonicTime) {
    var seen = seen
    seen.heightMeters *= estimate.value
    // A scale that was made from the height says nothing about the height.
    let hasScale =
      estimate.state != .unscaled && estimate.state != .converging && !estimate.sources.contains(.height)
    moved?.look(seen, hasScale: hasScale, at: time)
    keeper.note(moved?.verdict)
  }
}

/// A share of the network's time, saved up to a limit.
struct TimeBudget {
  /// Of the network's time.
  static let share = 0.09
  /// What may be saved up, as shares of single frames.
  private static let largestSaving = 20.0
  private var saved: Int64 = 0

  var allows: Bool { saved >= 0 }

  mutating func spend(_ nanoseconds: Int64, of networkNanoseconds: Int64) {
    let earned = Double(networkNanoseconds) * Self.share
    saved = min(saved + Int64(earned) - nanoseconds, Int64(earned * Self.largestSaving))
  }
}
