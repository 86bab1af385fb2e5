import Platform
import Quantities

/// Hands a prepared change to the frame's threads: both carry it out, or neither.
struct ReloadSwap {
  let channels: ReloadChannels

  /// Longest wait for a thread that is in the middle of something; then the watchdog is near anyway.
  private static let patience: Int64 = 30_000_000_000

  /// - Throws: why nothing was changed.
  func carryOut(
    _ change: consuming sending PerceptionChange, _ sourceChange: CaptureChange?
  ) throws(ReloadRefusal) {
    let ticket = change.ticket
    // Left-overs of a change that was given up.
    _ = channels.perceptionOutcomes.takeNow()
    _ = channels.captureOutcomes.takeNow()
    // Perception first: it waits for the first frame of the new source, so that none meets the old pipeline.
    channels.perceptionChanges.put(change)
    if let sourceChange {
      channels.captureChanges.put(sourceChange)
      try withdraw(ticket, unless: channels.captureOutcomes, "the capture thread")
    }
    try withdraw(ticket, unless: channels.perceptionOutcomes, "the perception thread")
  }

  private func withdraw(
    _ ticket: ChangeTicket, unless outcomes: Mailbox<ChangeOutcome>, _ thread: String
  ) throws(ReloadRefusal) {
    let outcome = outcomes.take(until: MonotonicTime.now() + Self.patience)
    if let outcome, outcome.failure == nil { return }
    // Without an answer it may have begun at this very moment; then it is done.
    guard ticket.withdraw() || outcome != nil else { return }
    throw ReloadRefusal([outcome?.failure ?? "\(thread) did not answer in time; nothing was changed"])
  }
}
