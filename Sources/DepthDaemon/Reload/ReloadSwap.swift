package import Platform
import Quantities

/// Hands a prepared change to the frame's threads and waits for what becomes of it.
package struct ReloadSwap {
  private let channels: ReloadChannels
  private let stop: StopFlag
  /// Longest wait for a thread that is in the middle of something; then the watchdog is near anyway.
  private let patienceNanoseconds: Int64

  package init(
    channels: ReloadChannels, stop: StopFlag, patienceNanoseconds: Int64 = 30_000_000_000
  ) {
    self.channels = channels
    self.stop = stop
    self.patienceNanoseconds = patienceNanoseconds
  }

  /// - Parameter sourceChange: with the same ticket; nil = the source stays.
  /// - Throws: why nothing was changed.
  package func carryOut(
    _ change: consuming sending PerceptionChange, _ sourceChange: SourceChange?
  ) throws(ReloadRefusal) {
    let ticket = change.ticket
    // Perception first, so that the new source's first frame finds the change there.
    channels.perceptionChanges.put(change)
    if let sourceChange { channels.sourceChanges.put(sourceChange) }
    let trial = sourceChange?.source.firstFramePatienceNanoseconds ?? 0
    guard case .withdrawn(let reason) = settle(ticket, trialNanoseconds: trial) else { return }
    // What no thread has taken is freed here.
    _ = channels.perceptionChanges.takeNow()
    _ = channels.sourceChanges.takeNow()
    throw ReloadRefusal([reason])
  }

  /// Waits for each step for as long as it may take, and gives the change up when one takes longer; without an end
  /// where that is no longer possible.
  private func settle(_ ticket: ChangeTicket, trialNanoseconds: Int64) -> ChangeTicket.State {
    var state = ticket.state
    var began = MonotonicTime.now()
    while !state.isSettled {
      let next = ticket.wait(while: state, until: MonotonicTime.now() + Self.sliceNanoseconds)
      if next != state {
        state = next
        began = MonotonicTime.now()
      } else if stop.isRaised {
        // What is claimed will be done, and nobody is left to be told.
        guard ticket.withdraw("the daemon stops") else { return state }
      } else {
        // The capture thread ends a trial itself; more is for one that is stuck.
        let limit = patienceNanoseconds + (state == .sourceOnTrial ? trialNanoseconds : 0)
        let thread = state == .sourceOnTrial ? "capture" : "perception"
        if MonotonicTime.now() - began >= limit {
          _ = ticket.withdraw("the \(thread) thread did not answer in time; nothing was changed")
        }
      }
    }
    return state
  }

  /// Between two looks at the stop flag.
  private static let sliceNanoseconds: Int64 = 100_000_000
}
