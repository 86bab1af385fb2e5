import Quantities

/// The executor of a pipeline that is built on one thread and used on another: its parts run one after the other on
/// the building thread, so that warming up takes nothing from the running pipeline, and on the perception thread's
/// team from the moment it is handed over.
///
/// @unchecked Sendable: `team` is set by the thread that takes the pipeline over, which is the only one to run it
/// from then on; the mailbox between the two orders their accesses.
final class HandoverExecutor: ParallelExecutor, @unchecked Sendable {
  let width: Int
  private var team: (any ParallelExecutor)?

  /// - Parameter width: of the team that it will run on, for which networks are planned.
  init(width: Int) {
    self.width = width
  }

  /// Runs on `team` from now on. Called by the thread that will call `run`.
  func adopt(_ team: any ParallelExecutor) {
    self.team = team
  }

  func run(parts: Int, _ body: (Int) -> Void) {
    if let team {
      team.run(parts: parts, body)
    } else {
      for part in 0..<parts { body(part) }
    }
  }
}
