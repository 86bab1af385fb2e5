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
  /// How pipelines are built at first; taken out of here, so that its model goes when it is exchanged.
  let firstBuilder: Mailbox<PipelineBuilder>
  let channels: ReloadChannels
  let odometry: OdometryInbox
  let odometryUse: OdometryUse
  let ranges: RangeInbox
  let rangeStatus: RangeStatus
  let scale: ScaleKeeper
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
