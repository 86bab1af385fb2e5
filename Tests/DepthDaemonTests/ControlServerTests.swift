import DepthClient
import DepthDaemon
import Foundation
import Messaging
import Platform
import Quantities
import Testing
import WireFormat

private struct Echo: ControlRequest {
  struct Answer: Codable, Sendable, Equatable {
    var text: String
    var count: Int?
  }
  static let name = "echo"
  var text: String
  var count: Int?
}

private struct Busy: ControlRequest {
  typealias Answer = Echo.Answer
  static let name = "busy"
}

/// Never answered.
private struct Forgotten: ControlRequest {
  typealias Answer = Echo.Answer
  static let name = "forgotten"
}

/// Answered by the next request.
private struct Later: ControlRequest {
  typealias Answer = Echo.Answer
  static let name = "later"
}

/// Takes longer than its time limit, and says that it cannot be given up.
private struct Committed: ControlRequest {
  typealias Answer = Echo.Answer
  static let name = "committed"
}

/// What the handlers of this test work with.
private final class Waiting {
  var replies: [ControlReply] = []
}

@Suite struct ControlServerTests {
  /// A server on a thread of its own for as long as `body` runs.
  private func withServer(_ body: (EndpointDirectory) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ctl-\(UUID().uuidString.prefix(8))")
    defer { try? FileManager.default.removeItem(at: path) }
    let directory = EndpointDirectory(path: path.path)
    try directory.create()
    let stop = StopFlag()
    let thread = WorkerThread(name: "control") {
      guard let context = try? MessagingContext(),
        let server = try? ControlServer<Waiting>(
          context, endpoint: directory.control, handlers: Self.handlers)
      else { return }
      let waiting = Waiting()
      while !stop.isRaised { try? server.turn(waiting, milliseconds: 20) }
    }
    defer {
      stop.raise()
      thread.join()
    }
    try body(directory)
  }

  private static var handlers: [ControlHandler<Waiting>] {
    [
      ControlHandler(Echo.self) { (request, waiting) throws(ControlFailure) in
        for reply in waiting.replies { reply.answer(Echo.Answer(text: "at last")) }
        return Echo.Answer(text: request.text, count: request.count)
      },
      ControlHandler(Busy.self) { (_, _) throws(ControlFailure) -> Echo.Answer in
        throw ControlFailure(code: "busy", text: "not now")
      },
      ControlHandler(later: Forgotten.self, patienceSeconds: 0.05) { _, _, _ in },
      ControlHandler(later: Later.self, patienceSeconds: 60) { _, waiting, reply in
        waiting.replies.append(reply)
      },
      ControlHandler(later: Committed.self, patienceSeconds: 0.01) { _, waiting, reply in
        _ = reply.commit()
        waiting.replies.append(reply)
      },
    ]
  }

  private func ask(_ directory: EndpointDirectory, _ text: String) throws -> String {
    let client = ControlClient(try MessagingContext(), endpoint: directory.control)
    return String(decoding: try client.ask(text, milliseconds: 20_000), as: UTF8.self)
  }

  @Test func `typed requests get typed answers`() throws {
    try withServer { directory in
      let control = try DaemonControl(directory)
      #expect(
        try control.ask(Echo(text: "é\n\"", count: 3), milliseconds: 20_000)
          == Echo.Answer(text: "é\n\"", count: 3))
      #expect(
        try ask(directory, "{\"request\":\"echo\",\"text\":\"x\"}")
          == "{\"v\":1,\"ok\":true,\"request\":\"echo\",\"result\":{\"text\":\"x\"}}")
      #expect(
        throws: DepthClientError.refused(ControlFailure(code: "busy", text: "not now"))
      ) { try control.ask(Busy(), milliseconds: 20_000) }
    }
  }

  @Test func `an argument that is null is one left out`() throws {
    try withServer { directory in
      let reply = try ask(directory, "{\"request\":\"echo\",\"text\":\"a\",\"count\":null}")
      #expect(reply.contains("\"result\":{\"text\":\"a\"}"), "\(reply)")
    }
  }

  @Test(arguments: [
    ("not json", "malformed", "byte"), ("{}", "malformed", "request"), ("", "malformed", "byte"),
    ("[]", "malformed", "request"), ("{\"request\":\"dance\"}", "unknown_request", "busy, committed, echo"),
    ("{\"request\":\"echo\"}", "bad_argument", "text"),
    ("{\"request\":\"echo\",\"text\":7}", "bad_argument", "text"),
    ("{\"request\":\"echo\",\"text\":\"a\",\"loud\":true}", "bad_argument", "loud"),
    ("{\"request\":\"forgotten\"}", "timeout", "forgotten"),
  ])
  func `what cannot be done is refused with a code and a reason`(
    request: String, code: String, word: String
  ) throws {
    try withServer { directory in
      let reply = try ask(directory, request)
      #expect(reply.hasPrefix("{\"v\":1,\"ok\":false,\"error\":{\"code\":\"\(code)\""), "\(reply)")
      #expect(reply.contains(word), "\(reply)")
    }
  }

  @Test(arguments: ["later", "committed"])
  func `an answer may come later while others are served`(request: String) throws {
    try withServer { directory in
      let answer = Mailbox<String>()
      let thread = WorkerThread(name: "asker") {
        answer.put((try? ask(directory, "{\"request\":\"\(request)\"}")) ?? "none")
      }
      defer { thread.join() }
      // Answered only once the other request has come in; it is asked again until then.
      var late: String?
      for _ in 0..<200 where late == nil {
        _ = try ask(directory, "{\"request\":\"echo\",\"text\":\"x\"}")
        late = answer.take(until: MonotonicTime.now() + 50_000_000)
      }
      #expect(late == "{\"v\":1,\"ok\":true,\"request\":\"\(request)\",\"result\":{\"text\":\"at last\"}}")
    }
  }

  @Test func `a request larger than the limit gets no further than the socket`() throws {
    try withServer { directory in
      let client = ControlClient(try MessagingContext(), endpoint: directory.control)
      let flood = "{\"request\":\"echo\",\"text\":\"\(String(repeating: "x", count: 2 << 20))\"}"
      #expect(throws: MessagingError.self) { try client.ask(flood, milliseconds: 300) }
      #expect(try ask(directory, "{\"request\":\"echo\",\"text\":\"x\"}").contains("\"ok\":true"))
    }
  }
}
