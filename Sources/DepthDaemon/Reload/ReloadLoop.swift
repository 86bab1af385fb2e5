import Logging
import Platform
import Quantities
import WireFormat

/// What came of a job.
struct ReloadResult: Sendable {
  var answer: ReloadAnswer
  /// What runs now, when the job changed it.
  var running: RunningConfiguration?
}

/// The reload thread: reads, checks, builds and compares beside the running pipeline, so that the frame's threads only
/// ever swap.
///
/// It owns what the daemon runs on. What wakes it: a job. What stops it: the flag. It runs at low priority.
struct ReloadLoop: Sendable {
  /// What runs at first; taken out of here, so that its model goes when it is exchanged.
  let start: Mailbox<RunningConfiguration>
  let channels: ReloadChannels
  let jobs: Mailbox<ReloadWish>
  let results: Mailbox<ReloadResult>
  let stop: StopFlag
  let logger: Logger

  func run() {
    WorkerThread.lowerPriorityOfCaller()
    guard let start = start.takeNow() else { return }
    let worker = ReloadWorker(running: start, channels: channels, stop: stop)
    worker.keepLastGood(logger)
    while !stop.isRaised {
      channels.retired.free()
      guard let wish = jobs.take(until: MonotonicTime.now() + 200_000_000) else { continue }
      results.put(worker.carryOut(wish))
    }
  }
}
