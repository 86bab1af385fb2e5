import Platform

/// Everything the reload thread shares with the frame's threads: mailboxes and snapshots.
struct ReloadChannels: Sendable {
  let perceptionChanges = Mailbox<PerceptionChange>()
  let perceptionOutcomes = Mailbox<ChangeOutcome>()
  let captureChanges = Mailbox<CaptureChange>()
  let captureOutcomes = Mailbox<ChangeOutcome>()
  let shadow = ShadowTap()
  let perception: PerceptionStatus
  let capture: CaptureStatus

  /// Ends every wait of the reload thread.
  func close() {
    perceptionOutcomes.close()
    captureOutcomes.close()
    shadow.filled.close()
  }
}
