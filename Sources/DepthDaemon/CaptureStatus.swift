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
  /// Generation of the configuration whose source delivers.
  var sourceGeneration: UInt64 { generation.load(ordering: .acquiring) }
  private let generation = Atomic<UInt64>(0)
  private let storage = Mutex(State.starting)
  private let stream = Mutex(Stream())

  private struct Stream {
    var size: ImageSize?
    var connection: String?
  }

  var state: State { storage.withLock { $0 } }

  /// Of the frames that arrive; nil while none do.
  var frameSize: ImageSize? { state == .streaming ? stream.withLock { $0.size } : nil }

  /// What delivers them, for people; nil when the configuration says it all.
  var connection: String? { state == .streaming ? stream.withLock { $0.connection } : nil }

  /// Called before the first frame of a size is told by `enter`.
  func note(size: ImageSize, connection: String?) {
    stream.withLock { $0 = Stream(size: size, connection: connection) }
  }

  /// Notes that a source of this generation delivers.
  func note(sourceGeneration: UInt64) {
    generation.store(sourceGeneration, ordering: .releasing)
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
