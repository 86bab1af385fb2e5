/// Runs independent parts of one job, on as many threads as it owns.
///
/// Algorithm modules know no threads: they cut a job into parts and hand them to whoever composed them
/// (`Platform.WorkerTeam` in the daemon, `SerialExecutor` in tests).
public protocol ParallelExecutor: AnyObject, Sendable {
  /// How many parts can truly run at once, the calling thread included; at least one.
  var width: Int { get }

  /// Calls `body(part)` once for each part in `0..<parts` and returns when all have finished.
  ///
  /// Parts may run in any order and at the same time; `body` must not throw, block or allocate. Not
  /// reentrant: a part never starts another job.
  func run(parts: Int, _ body: (Int) -> Void)
}

/// Runs every part on the calling thread, in order.
public final class SerialExecutor: ParallelExecutor {
  public let width = 1

  public init() {}

  public func run(parts: Int, _ body: (Int) -> Void) {
    for part in 0..<parts { body(part) }
  }
}
