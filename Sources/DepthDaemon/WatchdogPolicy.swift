/// Decides whether systemd's watchdog is fed: a process that lives while its pipeline is dead must be
/// restarted, one that waits for a camera must not.
package struct WatchdogPolicy {
  /// What the daemon looks like at one moment.
  package struct Observation: Equatable {
    /// Frames published since the start.
    package var published: UInt64
    /// Turns of the perception thread since the start.
    package var turns: UInt64
    /// Whether the source delivers frames that ought to be published.
    package var isStreaming: Bool
    /// Whether frames fail for a reason the daemon reports and a restart would not cure (a calibration of
    /// another size, say).
    package var hasReportedFailure: Bool

    package init(published: UInt64, turns: UInt64, isStreaming: Bool, hasReportedFailure: Bool = false) {
      self.published = published
      self.turns = turns
      self.isStreaming = isStreaming
      self.hasReportedFailure = hasReportedFailure
    }
  }

  private var last: Observation?

  package init() {}

  /// Whether there was progress since the last look.
  package mutating func shouldFeed(_ now: Observation) -> Bool {
    defer { last = now }
    guard let last else { return true }
    guard now.turns > last.turns else { return false }
    if now.published > last.published { return true }
    return !now.isStreaming || now.hasReportedFailure
  }
}
