import Platform
package import Quantities

/// The story of one change of the running daemon: handed to the frame's threads, it is carried out between two frames
/// or withdrawn; exactly one of the two, whoever comes first.
///
///     sourceOnTrial --a frame came--> ready --before a frame--> claimed --> done
///           |         (capture)         |       (perception)       |
///           |                           |                          | cannot (perception)
///           +---------------------------+--------------------------+------------> withdrawn
///       no frame (capture), tired of waiting (reload)
///
/// A change without a new source begins at `ready`. Once it is claimed nobody can give it up but perception, which then
/// leaves everything as it was. `docs/reload.md` has the table.
///
/// @unchecked Sendable: `current` is protected by `monitor`.
package final class ChangeTicket: @unchecked Sendable {
  package enum State: Hashable, Sendable {
    /// The capture thread tries the new source, and no frame has come yet.
    case sourceOnTrial
    /// Perception may carry the change out before its next frame.
    case ready
    /// Perception carries it out.
    case claimed
    /// What was new runs.
    case done
    /// What was old runs.
    case withdrawn(reason: String)

    package var isSettled: Bool {
      switch self {
      case .sourceOnTrial, .ready, .claimed: false
      case .done, .withdrawn: true
      }
    }

    var isWithdrawn: Bool {
      if case .withdrawn = self { true } else { false }
    }
  }

  private let monitor = Monitor()
  private var current: State

  /// - Parameter triesSource: whether a new source has to prove itself first.
  package init(triesSource: Bool) {
    current = triesSource ? .sourceOnTrial : .ready
  }

  package var state: State {
    monitor.lock()
    defer { monitor.unlock() }
    return current
  }

  /// Capture: the new source has delivered a frame. False when the change was withdrawn meanwhile.
  package func sourceStands() -> Bool { move(to: .ready) { $0 == .sourceOnTrial } }

  /// Perception: begins to carry the change out. False when there is nothing to carry out, or not yet.
  package func claim() -> Bool { move(to: .claimed) { $0 == .ready } }

  /// Perception: the change is carried out.
  package func finish() { _ = move(to: .done) { $0 == .claimed } }

  /// Perception: what it claimed cannot be carried out, and everything is as before.
  package func fail(_ reason: String) { _ = move(to: .withdrawn(reason: reason)) { $0 == .claimed } }

  /// Capture and reload: gives the change up. False when that is no longer possible.
  package func withdraw(_ reason: String) -> Bool {
    move(to: .withdrawn(reason: reason)) { $0 == .sourceOnTrial || $0 == .ready }
  }

  /// Waits until the state is another than `seen`, or the time is up; returns the state.
  package func wait(while seen: State, until deadline: MonotonicTime) -> State {
    monitor.lock()
    defer { monitor.unlock() }
    while current == seen {
      if !monitor.wait(until: deadline) { break }
    }
    return current
  }

  private func move(to next: State, if isAllowed: (State) -> Bool) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    guard isAllowed(current) else { return false }
    current = next
    monitor.wakeAll()
    return true
  }
}
