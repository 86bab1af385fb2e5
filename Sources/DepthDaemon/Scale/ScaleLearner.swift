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
/// than the share is used up, nor while the robot stands.
final class ScaleLearner {
  private let keeper: ScaleKeeper
  private let odometry: OdometryInbox
  private var observer: ScaleObserver?
  private var observerSettings = ScaleObserver.Settings()
  private var turns: TurnMeter?
  private var lastTurning: MonotonicTime?
  private var mount: CameraMount?
  private var moved: CameraMovedWatch?
  private var budget = TimeBudget(share: 0.08)
  private var turnBudget = ScaleLearner.turnBudget(besidesLearning: false)
  private var isMoving = false
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
      turnBudget = Self.turnBudget(besidesLearning: isLearning)
    }
    self.pipeline = pipeline
  }

  /// Together with learning less than a tenth of the network's time.
  private static func turnBudget(besidesLearning: Bool) -> TimeBudget {
    TimeBudget(share: besidesLearning ? 0.015 : 0.09, burst: 30)
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
    return keeper.advance(motion)
  }

  /// Learns from a frame that has become depth.
  func learn(from captured: borrowing CameraFrame, _ pipeline: DepthPipeline, _ report: FrameReport) {
    found = ScaleObserver.Result()
    visualTurn = nil
    let time = captured.metadata.midExposureTime
    guard let published = pipeline.publishedFrame(time: time) else { return }
    // Processor time on both sides of the share: on a busy machine a look that had to wait would silence learning for
    // long, and a network that had to wait would let it cost more.
    let begin = ThreadTime.now()
    if turnBudget.allows, let turn = turn(published) {
      visualTurn = turn
      odometry.note(turn)
    }
    let start = ThreadTime.now()
    turnBudget.spend(start - begin, of: report.networkProcessorNanoseconds)
    guard observer != nil, isMoving else { return }
    let mayLook = budget.allows
    // Completed depth teaches nothing of scale, and predicting it again costs what the budget has to save up.
    guard mayLook || !pipeline.isCompleted, let frame = pipeline.predictedFrame(time: time) else {
      return budget.spend(0, of: report.networkProcessorNanoseconds)
    }
    let seen = observer?.observe(frame, mayLook: mayLook) { from, to in
      odometry.cameraMotion(from: from, to: to, mount: mount)
    }
    if let seen {
      found = seen
      take(seen, at: frame.time)
    }
    if mayLook { comparePoints(pipeline, at: frame.time) }
    budget.spend(ThreadTime.now() - start, of: report.networkProcessorNanoseconds)
  }

  /// How far the images turned since the last frame, while the robot turns and a little after: who drives straight
  /// ahead learns nothing of clocks.
  private func turn(_ frame: ScaleObserver.Frame) -> VisualTurn? {
    guard let lastTurning, frame.time - lastTurning <= Self.turningNanoseconds else {
      turns?.forget()
      return nil
    }
    return turns?.observe(frame)
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
    if pipeline.hasRangePoints, observer?.wantsPoints(at: time) ?? false {
      found.points = observer?.observe(logRatios: pipeline.rangeRatios(), time: time)
      if let observation = found.points { keeper.take(observation) }
    }
  }
}

/// A share of the network's time, saved up to a limit.
struct TimeBudget {
  /// What may be saved up, and owed, as shares of single frames: a first look, into cold memory, is no measure.
  private static let largestSaving = 60.0
  private static let largestDebt = 40.0

  /// Of the network's time.
  private let share: Double
  /// Once used up, so many frames' shares are saved before it is spent again: for what needs frame after frame.
  private let burst: Double
  private var saved: Int64 = 0
  private(set) var allows = true

  init(share: Double, burst: Double = 0) {
    self.share = share
    self.burst = burst
  }

  mutating func spend(_ nanoseconds: Int64, of networkNanoseconds: Int64) {
    let earned = Double(networkNanoseconds) * share
    let balance = saved + Int64(earned) - nanoseconds
    saved = max(min(balance, Int64(earned * Self.largestSaving)), -Int64(earned * Self.largestDebt))
    allows = saved >= (allows ? 0 : Int64(earned * burst))
  }
}
