package import Capture
import Platform
import Quantities
import Synchronization

/// What the capture thread tells the rest of the daemon: counters, and whether the camera delivers.
package final class CaptureStatus: Sendable {
  package enum State: Equatable, Sendable {
    /// Nothing has been tried yet.
    case starting
    case streaming
    /// The source cannot deliver at present; the error says why and what to do.
    case unavailable(CaptureError)
    /// A recording that does not loop has been played to its end.
    case ended
  }

  let frames = Counter()
  let corrupt = Counter()
  /// Frames the source itself reports lost (sequence gaps).
  let lost = Counter()
  /// Times the camera came back after it was unavailable.
  let reconnects = Counter()
  private let storage = Mutex(State.starting)

  var state: State { storage.withLock { $0 } }

  /// Sets the state and says whether that was a change.
  @discardableResult
  func enter(_ state: State) -> Bool {
    storage.withLock { present in
      guard present != state else { return false }
      if case .unavailable = present, state == .streaming { reconnects.add() }
      present = state
      return true
    }
  }
}
