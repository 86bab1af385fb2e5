package import Platform
import Synchronization

/// Everything the reload thread shares with the frame's threads: mailboxes and snapshots.
package struct ReloadChannels: Sendable {
  package let perceptionChanges = Mailbox<PerceptionChange>()
  package let sourceChanges = Mailbox<SourceChange>()
  let shadow = ShadowTap()
  let retired = RetiredObjects()
  package let perception: PerceptionStatus
  package let capture: CaptureStatus
  /// Set with each change of the pipeline, so that capture and perception use odometry alike.
  package let usesSourceOdometry = Switch()

  package init() {
    perception = PerceptionStatus()
    capture = CaptureStatus()
  }

  /// Ends every wait of the reload thread.
  func close() {
    shadow.filled.close()
  }
}

/// Something that is on or off, set by one thread and read by any.
package final class Switch: Sendable {
  private let storage = Atomic<Bool>(false)

  package var isOn: Bool { storage.load(ordering: .acquiring) }

  package func set(_ isOn: Bool) { storage.store(isOn, ordering: .releasing) }
}
