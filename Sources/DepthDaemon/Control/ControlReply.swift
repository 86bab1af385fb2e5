import Foundation
import Synchronization
package import WireFormat

/// The reply to one request, to be given once, now or later, from any thread.
///
/// The first of `answer`, `fail` and the request's time limit counts.
package final class ControlReply: Sendable {
  enum State: Sendable {
    case open
    /// The bytes of the `result` object.
    case answered([UInt8])
    case failed(ControlFailure)
  }

  private let storage = Mutex(State.open)

  package init() {}

  /// What has been decided so far.
  var state: State { storage.withLock { $0 } }

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
      if case .open = state { state = outcome }
    }
  }
}
