import DepthPipeline
import Geometry
import Glibc
import ImageBuffers
import ModelBundle
import Odometry
import Platform
import Preprocessing
import Quantities
import Scale

/// The perception thread's side of the scale: shows frames to the observers, within a share of the network's time.
/// While the robot turns, it also tells the odometry how the images turn, by which the two clocks are compared.
///
/// Observation comes after a frame was published: it never delays that frame, and no frame is looked at while more
/// than the share is used up, nor while the robot stands. The share is counted, not timed (`LearningPace`): the same
/// drive is looked at in the same frames.
final class ScaleLearner {
  private let keeper: ScaleKeeper
  private let odometry: OdometryInbox
  private var observer: ScaleObserver?
  private var observerSettings = ScaleObserver.Settings()
  private var turns: TurnMeter?
  private var lastTurning: MonotonicTime?
  private var mount: CameraMount?
  private var moved: CameraMovedWatch?
  private var pace = LearningPace.ofLooks
  private var turnPace = ScaleLearner.turnPace(besidesLearning: false)
  private var guardian = LearningGuard()
  private var isMoving = false
  /// Whether metres still have to be found, or found again.
  private var isSearching = false
  /// What the last look found out about the motion, for the next frame.
  private var imageYawRate: Double?
  private var staticShare: Double?
  private weak var pipeline: DepthPipeline?
  /// What the last frame taught; empty when nobody looked at it.
  private(set) var found = ScaleObserver.Result()
  /// How far the last frame's image had turned; nil when it was not measured.
  private(set) var visualTurn: VisualTurn?

  /// The robot turns from here, rad/s, and counts as turning for so long after.
  private static let turningRate = 0.03
  private static let turningNanoseconds: Int64 = 1_000_000_000

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
    if pipeline !== self.pipeline {
      turns = pipeline.makeTurnMeter(mount: builder.calibration?.mount)
    }
    let isOther = builder.settings.scaleObservers != observerSettings
    if pipeline !== self.pipeline || isLearning != (observer != nil) || isOther {
      mount = builder.calibration?.mount
      observerSettings = builder.settings.scaleObservers
      observer = isLearning ? pipeline.makeScaleObserver(mount: mount, settings: observerSettings) : nil
      keeper.note(silent: isLearning ? SilentSources(observerSettings, pipeline) : SilentSources())
      moved = mount.map { CameraMovedWatch(mount: $0, settings: builder.settings.scale.moved) }
      turnPace = Self.turnPace(besidesLearning: isLearning)
    }
    self.pipeline = pipeline
  }

  /// Together with learning less than a tenth of the network's time.
  private static func turnPace(besidesLearning: Bool) -> LearningPace {
    LearningPace(share: besidesLearning ? 0.015 : 0.09, burst: 30)
  }

  /// The scale for a frame captured at `time`; nil while nothing is learned.
  func estimate(at time: MonotonicTime, _ sample: OdometrySample?) -> ScaleEstimate? {
    isMoving = sample.map { abs($0.speedMetersPerSecond) > 0 } ?? true
    if let sample, abs(sample.yawRateRadiansPerSecond) > Self.turningRate { lastTurning = time }
    let motion = ScaleMotion(
      time: time, speedMetersPerSecond: sample?.speedMetersPerSecond,
      yawRateRadiansPerSecond: sample?.yawRateRadiansPerSecond, independentYawRate: imageYawRate,
      staticShare: staticShare)
    imageYawRate = nil
    staticShare = nil
    let estimate = keeper.advance(motion)
    isSearching = estimate.map { !$0.isMetric } ?? false
    return estimate
  }

  /// Learns from a frame that has become depth.
  func learn(from captured: borrowing CameraFrame, _ pipeline: DepthPipeline, _ report: FrameReport) {
    found = ScaleObserver.Result()
    visualTurn = nil
    let time = captured.metadata.midExposureTime
    guard let published = pipeline.publishedFrame(time: time) else { return }
    let begin = ThreadTime.now()
    // Processor time: on a busy machine a look that had to wait would silence learning for long.
    defer { guardian.spend(ThreadTime.now() - begin, of: report.networkProcessorNanoseconds) }
    measureTurn(published, pipeline)
    guard observer != nil, isMoving else { return }
    let mayLook = pace.allows && guardian.allows
    defer {
      pace.spend(
        found.nominalNanoseconds, of: pipeline.nominalNetworkNanoseconds, isHurried: isSearching)
    }
    // Completed depth teaches nothing of scale, and predicting it again costs what has to be saved up.
    guard mayLook || !pipeline.isCompleted, let frame = pipeline.predictedFrame(time: time) else { return }
    let seen = observer?.observe(frame, mayLook: mayLook) { from, to in
      odometry.cameraMotion(from: from, to: to, mount: mount)
    }
    if let seen {
      found = seen
      take(seen, at: frame.time)
    }
    if pipeline.isCompleted { found.nominalNanoseconds += pipeline.nominalNetworkNanoseconds }
    if mayLook { comparePoints(pipeline, at: frame.time) }
  }

  /// How far the images turned since the last frame, while the robot turns and a little after.
  private func measureTurn(_ frame: ScaleObserver.Frame, _ pipeline: DepthPipeline) {
    var cost = 0.0
    if turnPace.allows, guardian.allows {
      if isTurning(at: frame.time) {
        cost = turns?.nominalNanoseconds ?? 0
        visualTurn = turns?.observe(frame)
        if let visualTurn { odometry.note(visualTurn) }
      } else {
        turns?.forget()
      }
    }
    turnPace.spend(cost, of: pipeline.nominalNetworkNanoseconds)
  }

  /// Now or a little before: who drives straight ahead learns nothing of clocks.
  private func isTurning(at time: MonotonicTime) -> Bool {
    lastTurning.map { time - $0 <= Self.turningNanoseconds } ?? false
  }

  private func take(_ found: ScaleObserver.Result, at time: MonotonicTime) {
    imageYawRate = found.imageYawRate
    staticShare = found.staticShare
    if let observation = found.photometric { keeper.take(observation) }
    if let observation = found.ground { keeper.take(observation) }
    if let observation = found.pose { keeper.take(observation) }
    if let height = found.height {
      keeper.take(height)
      if case .passed = height.gate {
        moved?.look(height.mount, at: time)
        keeper.note(moved?.verdict)
      }
    }
  }

  /// Compares the frame's range points, if it has any, with the depth that the network predicted without them.
  private func comparePoints(_ pipeline: DepthPipeline, at time: MonotonicTime) {
    guard pipeline.hasRangePoints, observer?.wantsPoints(at: time) ?? false else { return }
    let ratios = pipeline.rangeRatios()
    found.nominalNanoseconds += ScaleObserver.nominalNanoseconds(points: ratios.count)
    found.points = observer?.observe(logRatios: ratios, time: time)
    if let observation = found.points { keeper.take(observation) }
  }
}
