import Foundation
import Synchronization
package import WireFormat

/// The reply to one request, to be given once, now or later, from any thread.
///
/// The first of `answer`, `fail` and the request's time limit counts; after `commit` the limit counts no more.
package final class ControlReply: Sendable {
  enum State: Sendable {
    case open
    /// The work can no longer be given up; its outcome is waited for.
    case committed
    /// The bytes of the `result` object.
    case answered([UInt8])
    case failed(ControlFailure)
  }

  private let storage = Mutex(State.open)

  package init() {}

  /// What has been decided so far.
  var state: State { storage.withLock { $0 } }

  /// Whether whoever asked has been told something, if only that it took too long.
  package var isSettled: Bool {
    switch state {
    case .open, .committed: false
    case .answered, .failed: true
    }
  }

  /// Says that the work can no longer be given up. False when the request was given up before.
  package func commit() -> Bool {
    storage.withLock { state in
      if case .open = state { state = .committed }
      if case .committed = state { return true }
      return false
    }
  }

  /// The time limit has passed.
  package func expire(_ failure: ControlFailure) {
    storage.withLock { state in
      if case .open = state { state = .failed(failure) }
    }
  }

  /// Gives the answer.
  package func answer(_ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { settle(.answered(Array(try encoder.encode(value)))) } catch {
      fail(ControlFailure(code: "internal", text: "the answer cannot be written as JSON: \(error)"))
    }
  }

  /// Gives the answer as JSON members written in order.
  package func answer(writing members: (inout ByteWriter) -> Void) {
    var writer = ByteWriter()
    writer.beginObject()
    members(&writer)
    writer.endObject()
    settle(.answered(Array(writer.bytes)))
  }

  /// Refuses the request.
  package func fail(_ failure: ControlFailure) {
    settle(.failed(failure))
  }

  private func settle(_ outcome: State) {
    storage.withLock { state in
      switch state {
      case .open, .committed: state = outcome
      case .answered, .failed: break
      }
    }
  }
}
