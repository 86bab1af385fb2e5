import DepthPipeline
import ImageBuffers
import Logging
import Platform
import Preprocessing
import Quantities

/// The perception thread: from the mailbox through the pipeline to the sockets.
///
/// It owns the pipeline, the worker team and the publishing sockets. What wakes it: a frame, or a tenth of a
/// second without one. What stops it: the mailbox closing or the flag. What it drops: frames it cannot
/// process, counted; sockets drop for slow subscribers, seen by them as sequence gaps.
struct PerceptionLoop: Sendable {
  let mailbox: Mailbox<FrameLease>
  /// How pipelines are built at first; taken out of here, so that its model goes when it is exchanged.
  let firstBuilder: Mailbox<PipelineBuilder>
  let channels: ReloadChannels
  let odometry: OdometryInbox
  let odometryUse: OdometryUse
  let team: TeamSettings
  /// Binds the sockets, on the thread that will use them.
  let openSink: @Sendable () throws(DaemonError) -> PublisherSink
  /// Told once whether the sockets are bound.
  let opened: Mailbox<SinkOutcome>
  let stop: StopFlag
  let logger: Logger

  private static let patienceNanoseconds: Int64 = 100_000_000

  func run() {
    let sink: PublisherSink
    do { sink = try openSink() } catch {
      opened.put(SinkOutcome(failure: error))
      return
    }
    opened.put(SinkOutcome(failure: nil))
    guard let builder = firstBuilder.takeNow() else { return }
    let worker = PerceptionWorker(loop: self, builder: builder, sink: sink)
    while !stop.isRaised {
      let lease = mailbox.take(until: MonotonicTime.now() + Self.patienceNanoseconds)
      worker.turn(lease)
    }
  }
}

/// Whether the perception thread could bind its sockets.
struct SinkOutcome: Sendable {
  let failure: DaemonError?
}

/// The perception thread's own state: lives and dies on it.
private final class PerceptionWorker {
  private let loop: PerceptionLoop
  private let status: PerceptionStatus
  private let sink: PublisherSink
  private var builder: PipelineBuilder
  private var odometryUse: OdometryUse
  private var team: TeamSettings
  private var executor: any ParallelExecutor
  private var pipeline: DepthPipeline?
  /// Where the topics' numbers stood when there was a pipeline last.
  private var sequences = TopicSequences()
  /// A change that waits for the first frame of its source.
  private var pending: PerceptionChange?
  private var clock = ClockWatch()
  private var context = FrameContext()

  init(loop: PerceptionLoop, builder: PipelineBuilder, sink: PublisherSink) {
    self.loop = loop
    self.sink = sink
    status = loop.channels.perception
    self.builder = builder
    odometryUse = loop.odometryUse
    team = loop.team
    executor = WorkerTeam(width: loop.team.width, cores: loop.team.cores)
  }

  /// One turn of the loop, with a frame or without.
  func turn(_ lease: consuming FrameLease?) {
    status.turns.add()
    sink.poll()
    clock.look()
    if let lease = consume lease {
      process(lease)
    } else {
      changeConfiguration(before: loop.channels.capture.sourceGeneration)
    }
  }

  private func process(_ lease: consuming FrameLease) {
    changeConfiguration(before: lease.frame.metadata.sourceGeneration)
    guard let pipeline = pipeline(for: lease) else {
      status.failed.add()
      return
    }
    updateContext(at: lease.frame.metadata.captureTime)
    do {
      let report = try pipeline.process(lease.frame, context: context, sink: sink)
      status.record(report, at: MonotonicTime.now())
      loop.channels.shadow.offer(lease.frame, of: pipeline, report)
    } catch {
      status.failed.add()
      loop.logger.debug("\(error)")
    }
  }

  /// The pipeline for frames like this one; a new one when the camera changed its size.
  private func pipeline(for lease: borrowing FrameLease) -> DepthPipeline? {
    let size = lease.frame.image.size
    let carriesTruth = lease.frame.carriesTruth
    if let pipeline, pipeline.grid.capturedSize == size, pipeline.carriesTruth == carriesTruth {
      return pipeline
    }
    do {
      let built = try builder.build(frameSize: size, carriesTruth: carriesTruth, executor: executor)
      use(built)
      note(built)
    } catch {
      if let pipeline { sequences = pipeline.sequences }
      pipeline = nil
      let isNews = status.notePipeline(
        frameSize: size, carriesTruth: carriesTruth, gridSize: nil, failure: error)
      if isNews { loop.logger.error("\(error)") }
    }
    return pipeline
  }

  private func use(_ new: DepthPipeline) {
    if let pipeline { sequences = pipeline.sequences }
    new.sequences = sequences
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
    context.wallOffsetNanoseconds = clock.offsetNanoseconds
    context.clockSteps = clock.steps
  }
}

// MARK: reload

extension PerceptionWorker {
  /// Carries out a change that is due: before a frame of its source, or at once while there are no frames.
  private func changeConfiguration(before sourceGeneration: UInt64) {
    if let change = loop.channels.perceptionChanges.takeNow() { pending = change }
    guard let change = pending, sourceGeneration >= change.sourceGeneration else { return }
    pending = nil
    guard change.ticket.claim() else { return }
    loop.channels.perceptionOutcomes.put(apply(change))
  }

  private func apply(_ change: PerceptionChange) -> ChangeOutcome {
    if let replacement = change.replacement {
      if change.team != team {
        executor = WorkerTeam(width: change.team.width, cores: change.team.cores)
        team = change.team
      }
      replacement.executor.adopt(executor)
      use(replacement.pipeline)
      note(replacement.pipeline)
    } else {
      do { try pipeline?.apply(change.builder.settings) } catch {
        return ChangeOutcome(failure: error.description)
      }
    }
    builder = change.builder
    odometryUse = change.odometry
    return ChangeOutcome()
  }
}
