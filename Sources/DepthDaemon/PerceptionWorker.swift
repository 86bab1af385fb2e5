import DepthPipeline
import ImageBuffers
import Logging
import Platform
import Preprocessing
import Quantities

/// The perception thread's own state: lives and dies on it.
final class PerceptionWorker {
  private let loop: PerceptionLoop
  private let status: PerceptionStatus
  private let sink: PublisherSink
  private var builder: PipelineBuilder
  private var odometryUse: OdometryUse
  private var team: TeamSettings
  private var executor: WorkerTeam
  private var pipeline: DepthPipeline?
  /// Where the topics' numbers stood when there was a pipeline last.
  private var sequences = TopicSequences()
  /// A change that waits for the first frame of its source.
  private var pending: PerceptionChange?
  /// The source whose frames the pipeline is for. Those of another one, which is on trial, are not processed.
  private var sourceAttempt: UInt64 = 0
  private var clock = ClockWatch()
  private var context = FrameContext()
  private let scale: ScaleLearner
  private var ranges: RangeFeed

  init(loop: PerceptionLoop, builder: PipelineBuilder, sink: PublisherSink) {
    self.loop = loop
    self.sink = sink
    status = loop.channels.perception
    self.builder = builder
    odometryUse = loop.odometryUse
    ranges = RangeFeed(inbox: loop.ranges, odometry: loop.odometry)
    scale = ScaleLearner(keeper: loop.scale, odometry: loop.odometry)
    team = loop.team
    executor = WorkerTeam(width: loop.team.width, cores: loop.team.cores)
    loop.channels.usesSourceOdometry.set(odometryUse.isFromSource)
  }

  /// One turn of the loop, with a frame or without.
  func turn(_ lease: consuming FrameLease?) {
    status.turns.add()
    sink.poll()
    clock.look()
    if let lease = consume lease {
      process(lease)
    } else {
      carryOutChange(before: nil)
    }
  }

  private func process(_ lease: consuming FrameLease) {
    let frame = FrameFacts(lease.frame)
    carryOutChange(before: frame)
    guard frame.attempt == sourceAttempt, let pipeline = pipeline(for: frame) else {
      status.failed.add()
      return
    }
    updateContext(at: lease.frame.metadata.captureTime)
    let arrival = ranges.add(to: pipeline, at: lease.frame.metadata.midExposureTime, builder)
    context.lacksPoints = builder.settings.ranges.isExpected && arrival.placed == 0
    do {
      let report = try pipeline.process(lease.frame, context: context, sink: sink)
      status.record(report, at: MonotonicTime.now())
      loop.rangeStatus.record(report.ranges, arrival)
      loop.channels.shadow.offer(lease.frame, of: pipeline, report)
      scale.learn(from: lease.frame, pipeline, report)
    } catch {
      status.failed.add()
      loop.logger.debug("\(error)")
    }
  }

  /// The pipeline for frames like this one; a new one when the camera changed its size.
  private func pipeline(for frame: FrameFacts) -> DepthPipeline? {
    if let pipeline, frame.fits(pipeline) { return pipeline }
    do {
      let built = try builder.build(
        frameSize: frame.size, carriesTruth: frame.carriesTruth, executor: executor)
      use(built)
      scale.follow(builder, built)
      note(built)
    } catch {
      use(nil)
      let isNews = status.notePipeline(
        frameSize: frame.size, carriesTruth: frame.carriesTruth, gridSize: nil, failure: error)
      if isNews { loop.logger.error("\(error)") }
    }
    return pipeline
  }

  private func use(_ new: DepthPipeline?) {
    if let pipeline {
      sequences = pipeline.sequences
      loop.channels.retired.add(pipeline)
    }
    new?.sequences = sequences
    pipeline = new
  }

  private func note(_ pipeline: DepthPipeline) {
    let size = pipeline.grid.capturedSize
    let isNews = status.notePipeline(
      frameSize: size, carriesTruth: pipeline.carriesTruth, gridSize: pipeline.grid.size, failure: nil)
    if isNews { loop.logger.info("frames of \(size) become depth of \(pipeline.grid.size)") }
  }

  private func updateContext(at time: MonotonicTime) {
    context.expectsOdometry = odometryUse.isExpected
    context.odometry = loop.odometry.sample(
      at: time, maximumAgeNanoseconds: odometryUse.maximumAgeNanoseconds)
    context.droppedByCamera = loop.channels.capture.lost.value + loop.channels.capture.corrupt.value
    context.droppedByPipeline = loop.mailbox.displaced.value + status.failed.value
    context.scale = scale.estimate(at: time, context.odometry)
    context.wallOffsetNanoseconds = clock.offsetNanoseconds
    context.clockSteps = clock.steps
  }
}

// MARK: reload

extension PerceptionWorker {
  /// Carries out a change that is due: one of the source before the new source's first frame, any other at once.
  private func carryOutChange(before frame: FrameFacts?) {
    if let change = loop.channels.perceptionChanges.takeNow() { forget(&pending, for: change) }
    guard let change = pending else { return }
    if let attempt = change.sourceAttempt, frame?.attempt != attempt {
      if change.ticket.state.isSettled { forget(&pending) }
      return
    }
    guard change.ticket.claim() else { return forget(&pending) }
    do throws(PipelineError) {
      try apply(change, to: frame)
      change.ticket.finish()
      pending = nil
    } catch {
      change.ticket.fail(error.description)
      forget(&pending)
    }
  }

  /// Everything or, when it throws, nothing.
  private func apply(_ change: PerceptionChange, to frame: FrameFacts?) throws(PipelineError) {
    if let replacement = change.replacement {
      let team =
        change.team == team ? executor : WorkerTeam(width: change.team.width, cores: change.team.cores)
      replacement.executor.adopt(team)
      let new = try fitting(replacement.pipeline, to: frame, change.builder, team)
      if team !== executor { loop.channels.retired.add(executor) }
      executor = team
      self.team = change.team
      use(new)
      note(new)
    } else {
      try pipeline?.apply(change.builder.settings)
    }
    builder = change.builder
    odometryUse = change.odometry
    if let pipeline { scale.follow(builder, pipeline) }
    loop.channels.usesSourceOdometry.set(change.odometry.isFromSource)
    sourceAttempt = change.sourceAttempt ?? sourceAttempt
  }

  /// The prepared pipeline, or another one if a new source delivers other frames than it promised.
  private func fitting(
    _ prepared: DepthPipeline, to frame: FrameFacts?, _ builder: PipelineBuilder, _ team: WorkerTeam
  ) throws(PipelineError) -> DepthPipeline {
    guard let frame, frame.attempt != sourceAttempt, !frame.fits(prepared) else { return prepared }
    let built = try builder.build(frameSize: frame.size, carriesTruth: frame.carriesTruth, executor: team)
    loop.channels.retired.add(prepared)
    return built
  }

  /// Drops a change that is not to be, and what was built for it where there is time for that.
  private func forget(_ change: inout PerceptionChange?, for next: consuming PerceptionChange? = nil) {
    if let replacement = change?.replacement { loop.channels.retired.add(replacement.pipeline) }
    change = next
  }
}

/// What decides which pipeline a frame needs.
private struct FrameFacts {
  let attempt: UInt64
  let size: ImageSize
  let carriesTruth: Bool

  init(_ frame: borrowing CameraFrame) {
    attempt = frame.metadata.sourceAttempt
    size = frame.image.size
    carriesTruth = frame.carriesTruth
  }

  func fits(_ pipeline: DepthPipeline) -> Bool {
    pipeline.grid.capturedSize == size && pipeline.carriesTruth == carriesTruth
  }
}
