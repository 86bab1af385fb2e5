package import Capture
package import DepthPipeline
package import Geometry
import Glibc
import ImageBuffers
package import ModelBundle
import Odometry
import Platform
package import Quantities
import Scale
import WireFormat

/// Plays a source through the daemon's own pipeline and learning of scale, one frame after the other, without sockets,
/// threads or waiting: the same source gives the same steps.
package final class ScaleReplay {
  /// What is done to the odometry, and to what is known, between the source and the pipeline.
  package struct Disturbance: Sendable {
    /// The model's scale is taken to be this many times what its bundle says.
    package var priorFactor = 1.0
    /// The configured camera height over the true one.
    package var heightFactor = 1.0
    /// The configured pitch less the true one, radians.
    package var pitchError = 0.0
    /// Added to the odometry's times, seconds.
    package var odometryOffsetSeconds = 0.0
    /// While it lasts (seconds after the start) wheels read `slipFactor` times the speed.
    package var slip: ClosedRange<Double>?
    package var slipFactor = 1.3
    /// While it lasts no odometry comes.
    package var silence: ClosedRange<Double>?
    /// While it lasts no range points come.
    package var blindness: ClosedRange<Double>?
    /// The robot stops for so long, and drives on from there; everything after it comes so much later.
    package var stop: ClosedRange<Double>?

    package init() {}
  }

  /// One observation, believed or not.
  package struct Look: Sendable {
    package var source: String
    /// Metres per unit and the spread of its logarithm; nil when nothing was measured.
    package var value: Double?
    package var sigma: Double?
    /// Why its own gates refused it.
    package var rejected: String?

    init(_ observation: ScaleObservation) {
      source = observation.source.rawValue
      if observation.logScale.isFinite, observation.variance.isFinite {
        value = exp(observation.logScale)
        sigma = observation.variance.squareRoot()
      }
      if case .rejected(let reason) = observation.gate { rejected = "\(reason)" }
    }
  }

  /// One frame.
  package struct Step: Sendable {
    package var seconds: Double
    package var estimate: ScaleEstimate?
    package var progressPercent: Int
    package var reason: String?
    /// ln(metres per unit) of this frame by the truth, as predicted without range points; nil without truth.
    package var trueLogScale: Double?
    /// The same of what was published; differs from it where points completed the frame.
    package var publishedLogScale: Double?
    /// Range points that completed it.
    package var completing: Int
    package var speed: Double?
    package var networkSeconds: Double
    package var learningSeconds: Double
    /// The same as counted, by which learning is paced, turns not included.
    package var nominalNetworkSeconds: Double
    package var nominalLearningSeconds: Double
    /// What was observed on this frame, believed or not.
    package var looks: [Look]
    /// How the camera sits by images and odometry; nil when nobody looked.
    package var mountLook: MountLook?
    /// And as they have said lately; nil while that is too little.
    package var mountWord: MountWord?
    /// How the camera was moved, as far as is known.
    package var moved: MovedWord?
    /// How far the image turned, and in how long; nil when it was not measured.
    package var turn: (radians: Double, seconds: Double)?
  }

  private let source: any FrameSource
  private let disturbance: Disturbance
  private let odometry = OdometryInbox()
  private let keeper: ScaleKeeper
  private let learner: ScaleLearner
  private let pipeline: DepthPipeline
  private let pool: FramePool
  private let sink = ScaleTruthSink()
  private let start: MonotonicTime
  /// How long the robot has been parked so far, nanoseconds.
  private var parked: Int64 = 0
  private static let stopInterval: Int64 = 500_000_000

  /// - Parameters:
  ///   - start: the source's moment of the first frame.
  ///   - ranges: how the source's range points are used.
  ///   - stateDirectory: where a learned scale may lie, as for the daemon.
  package init(
    source: any FrameSource, start: MonotonicTime, calibration: CameraCalibration?, model: DepthModel,
    ranges: RangeSettings, stateDirectory: String, threads: Int, disturbance: Disturbance
  ) throws(PipelineError) {
    self.source = source
    self.start = start
    self.disturbance = disturbance
    var calibration = calibration
    calibration?.mount?.heightMeters *= disturbance.heightFactor
    calibration?.mount?.pitchRadians += disturbance.pitchError
    var settings = PipelineSettings()
    settings.cameraIdentity = "replay"
    settings.ranges = ranges
    var model = model
    model.initialScale.value *= disturbance.priorFactor
    let builder = PipelineBuilder(settings: settings, model: model, calibration: calibration)
    pipeline = try builder.build(
      frameSize: source.frameSize, carriesTruth: source.carriesTruth, executor: WorkerTeam(width: threads))
    keeper = ScaleKeeper(stateDirectory: stateDirectory)
    learner = ScaleLearner(keeper: keeper, odometry: odometry)
    learner.follow(builder, pipeline)
    pool = FramePool(count: 1, size: source.frameSize, carriesTruth: source.carriesTruth)
  }

  /// The next frame, and the frames of a stop if the robot stops there; nil at the end.
  package func next() throws(PipelineError) -> [Step]? {
    guard var lease = pool.lease() else { return nil }
    guard case .frame = source.next(into: &lease, until: MonotonicTime(nanoseconds: .max)) else { return nil }
    let time = lease.frame.metadata.captureTime
    // A frame's depth is ready some time after its capture; odometry of that time has come by then.
    for sample in source.takeOdometry(upTo: time + 60_000_000) { add(sample) }
    lease.frame.metadata.captureTime = time + parked
    if disturbance.blindness?.contains(Double(time - start) * 1e-9) == true {
      lease.frame.rangePixels.removeAll(keepingCapacity: true)
    }
    var steps = [try play(lease.frame)]
    guard let stop = disturbance.stop, parked == 0, Double(time - start) * 1e-9 >= stop.lowerBound else {
      return steps
    }
    let length = Int64((stop.upperBound - stop.lowerBound) * 1e9)
    // The same picture again and again, and wheels that stand.
    while parked < length {
      parked += Self.stopInterval
      let now = time + parked
      odometry.add(OdometrySample(time: now, speedMetersPerSecond: 0, yawRateRadiansPerSecond: 0))
      lease.frame.metadata.captureTime = now
      steps.append(try play(lease.frame))
    }
    return steps
  }

  private func play(_ frame: borrowing CameraFrame) throws(PipelineError) -> Step {
    let time = frame.metadata.captureTime
    var context = FrameContext()
    context.odometry = odometry.sample(at: time, maximumAgeNanoseconds: 200_000_000)
    context.scale = learner.estimate(at: time, context.odometry)
    let report = try pipeline.process(frame, context: context, sink: sink)
    let begin = ThreadTime.now()
    learner.learn(from: frame, pipeline, report)
    let learning = ThreadTime.now() - begin
    let tracked = keeper.report
    let found = learner.found
    return Step(
      seconds: Double(time - start) * 1e-9, estimate: context.scale,
      progressPercent: tracked?.progressPercent ?? 0, reason: tracked?.reason,
      trueLogScale: pipeline.isCompleted
        ? sink.trueLogScale(of: pipeline.predictedUnits()) : sink.publishedLogScale,
      publishedLogScale: sink.publishedLogScale, completing: report.ranges.completing,
      speed: context.odometry?.speedMetersPerSecond,
      networkSeconds: Double(report.networkProcessorNanoseconds) * 1e-9,
      learningSeconds: Double(learning) * 1e-9,
      nominalNetworkSeconds: pipeline.nominalNetworkNanoseconds * 1e-9,
      nominalLearningSeconds: found.nominalNanoseconds * 1e-9,
      looks: [found.pose, found.photometric, found.ground, found.points].compactMap { $0.map(Look.init) },
      mountLook: found.height.map(MountLook.init), mountWord: tracked?.height.flatMap(MountWord.init),
      moved: keeper.moved.map(MovedWord.init),
      turn: learner.visualTurn.map { ($0.radians, Double($0.end - $0.start) * 1e-9) })
  }

  /// Stores what was learned, as the daemon does when it stops.
  package func save(stateDirectory: String) throws(SystemErrno) {
    try keeper.storable(wall: WallTime.now(), monotonic: MonotonicTime.now())?
      .save(stateDirectory: stateDirectory)
  }

  private func add(_ sample: OdometrySample) {
    let seconds = Double(sample.time - start) * 1e-9
    if disturbance.silence?.contains(seconds) == true { return }
    var sample = sample
    if disturbance.slip?.contains(seconds) == true {
      sample.speedMetersPerSecond *= disturbance.slipFactor
    }
    sample.time = sample.time + (parked + Int64(disturbance.odometryOffsetSeconds * 1e9))
    odometry.add(sample)
  }
}

/// Compares what a pipeline sends as unscaled depth with what it sends as the truth.
private final class ScaleTruthSink: FrameSink {
  private var unscaled: [Float] = []
  private var truth: [Float] = []
  private var ratios: [Float] = []

  func wants(_ kind: TopicKind) -> Bool { kind == .unscaled || kind == .truth }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    let values = payload.bindMemory(to: Float.self)
    if topic.kind == .unscaled { unscaled = Array(values) } else { truth = Array(values) }
  }

  /// Of the last frame as it was published.
  var publishedLogScale: Double? { unscaled.withUnsafeBufferPointer { trueLogScale(of: $0) } }

  /// Median of ln(truth / depth) over the pixels that know both.
  /// - Parameter depth: in the network's unit, of the published grid.
  func trueLogScale(of depth: UnsafeBufferPointer<Float>) -> Double? {
    guard truth.count == depth.count else { return nil }
    ratios.removeAll(keepingCapacity: true)
    for (true_, seen) in zip(truth, depth) where true_ > 0 && true_ < 60 && seen > 0 && seen.isFinite {
      ratios.append(log(true_ / seen))
    }
    guard ratios.count > 100 else { return nil }
    ratios.sort()
    return Double(ratios[ratios.count / 2])
  }
}
