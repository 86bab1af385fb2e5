import Preprocessing
import DepthPipeline
import ImageBuffers
import Logging
import Platform
import Quantities

/// The perception thread: from the mailbox through the pipeline to the sockets.
///
/// It owns the pipeline, the worker team and the publishing sockets. What wakes it: a frame, or a tenth of a
/// second without one. What stops it: the mailbox closing or the flag. What it drops: frames it cannot
/// process, counted; sockets drop for slow subscribers, seen by them as sequence gaps.
struct PerceptionLoop: Sendable {
  let mailbox: Mailbox<FrameLease>
  let builder: PipelineBuilder
  let status: PerceptionStatus
  let capture: CaptureStatus
  let odometry: OdometryInbox?
  let odometryMaximumAgeNanoseconds: Int64
  let makeExecutor: @Sendable () -> any ParallelExecutor
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
    let worker = PerceptionWorker(loop: self, sink: sink, executor: makeExecutor())
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
  private let sink: PublisherSink
  private let executor: any ParallelExecutor
  private var pipeline: DepthPipeline?
  private var clock = ClockWatch()
  private var context = FrameContext()

  init(loop: PerceptionLoop, sink: PublisherSink, executor: any ParallelExecutor) {
    self.loop = loop
    self.sink = sink
    self.executor = executor
  }

  /// One turn of the loop, with a frame or without.
  func turn(_ lease: consuming FrameLease?) {
    loop.status.turns.add()
    sink.poll()
    clock.look()
    if let lease = consume lease { process(lease) }
  }

  private func process(_ lease: consuming FrameLease) {
    guard let pipeline = pipeline(for: lease) else {
      loop.status.failed.add()
      return
    }
    updateContext(at: lease.frame.metadata.captureTime)
    do {
      let report = try pipeline.process(lease.frame, context: context, sink: sink)
      loop.status.record(report, at: MonotonicTime.now())
    } catch {
      loop.status.failed.add()
      loop.logger.debug("\(error)")
    }
  }

  /// The pipeline for frames like this one; a new one when the camera changed its size.
  private func pipeline(for lease: borrowing FrameLease) -> DepthPipeline? {
    let size = lease.frame.image.size
    if let pipeline, pipeline.grid.capturedSize == size { return pipeline }
    do {
      let built = try loop.builder.build(
        frameSize: size, carriesTruth: lease.frame.carriesTruth, executor: executor)
      pipeline = built
      if loop.status.notePipeline(gridSize: built.grid.size, failure: nil) {
        loop.logger.info("frames of \(size) become depth of \(built.grid.size)")
      }
    } catch {
      pipeline = nil
      if loop.status.notePipeline(gridSize: nil, failure: error) { loop.logger.error("\(error)") }
    }
    return pipeline
  }

  private func updateContext(at time: MonotonicTime) {
    context.expectsOdometry = loop.odometry != nil
    context.odometry = loop.odometry?.sample(
      at: time, maximumAgeNanoseconds: loop.odometryMaximumAgeNanoseconds)
    context.droppedByCamera = loop.capture.lost.value + loop.capture.corrupt.value
    context.droppedByPipeline = loop.mailbox.displaced.value + loop.status.failed.value
    context.wallOffsetNanoseconds = clock.offsetNanoseconds
    context.clockSteps = clock.steps
  }
}
