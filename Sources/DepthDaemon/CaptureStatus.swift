package import Capture
package import Platform
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

  package let frames = Counter()
  let corrupt = Counter()
  /// Frames the source itself reports lost (sequence gaps), and those that an exchange of the source cost.
  package let lost = Counter()
  /// Times the camera came back after it was unavailable.
  let reconnects = Counter()
  private let storage = Mutex(State.starting)
  private let stream = Mutex(Stream())

  private struct Stream {
    var size: ImageSize?
    var connection: String?
  }

  package var state: State { storage.withLock { $0 } }

  /// Of the frames that arrive; nil while none do.
  var frameSize: ImageSize? { state == .streaming ? stream.withLock { $0.size } : nil }

  /// What delivers them, for people; nil when the configuration says it all.
  var connection: String? { state == .streaming ? stream.withLock { $0.connection } : nil }

  /// Called before the first frame of a size is told by `enter`.
  func note(size: ImageSize, connection: String?) {
    stream.withLock { $0 = Stream(size: size, connection: connection) }
  }

  /// Sets the state and says whether that was a change.
  @discardableResult
  func enter(_ state: State) -> Bool {
    storage.withLock { present in
      guard present != state else { return false }
      // The frame that is the first one ever is no return.
      if case .unavailable = present, state == .streaming, frames.value > 1 { reconnects.add() }
      present = state
      return true
    }
  }
}
