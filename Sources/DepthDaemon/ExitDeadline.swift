import Glibc
import Logging
import Platform
import Quantities

/// Ends the process when its threads do not end in time: one that is stuck in a driver never returns, and whoever asked
/// for the end must not wait for it.
final class ExitDeadline: Sendable {
  private let stopped = Mailbox<Void>()
  private let thread: WorkerThread

  /// Starts to wait.
  ///
  /// - Parameter seconds: the threads' time to end. Longer than any of them takes when well, shorter than the service
  ///   manager's patience (TimeoutStopSec in the unit).
  init(seconds: Double, logger: Logger) {
    let stopped = stopped
    thread = WorkerThread(name: "exit") {
      let isStopped = stopped.take(until: MonotonicTime.now() + Int64(seconds * 1e9)) != nil
      guard !isStopped else { return }
      logger.critical("a thread is stuck and did not end within \(seconds) s; the process ends without it")
      _exit(1)
    }
  }

  /// Everything has ended: the process may end as it should.
  func finish() {
    stopped.put(())
    thread.join()
  }
}
