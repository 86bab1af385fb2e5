import Foundation
package import Messaging
import Platform
import Quantities
import WireFormat

/// Answers the control endpoint: hands each request to the handler of its kind and sends the replies, at once or
/// when they are ready, each within its time limit.
///
/// Confined to the supervisor, which calls `turn` a few times a second.
package final class ControlServer<Context> {
  private let socket: ControlSocket
  private let handlers: [String: ControlHandler<Context>]
  private var open: [OpenCall] = []
  private var writer = ByteWriter()

  private struct OpenCall {
    let name: String
    let call: ControlCall
    let reply: ControlReply
    let deadline: MonotonicTime
  }

  /// Requests taken in one turn, so that a flood of them cannot hold up the rest.
  private static var mostPerTurn: Int { 16 }
  /// Requests that wait for their replies; more are told to come back.
  private static var mostOpen: Int { 64 }

  /// - Parameter handlers: one for each kind of request.
  package init(
    _ context: MessagingContext, endpoint: String, handlers: [ControlHandler<Context>]
  ) throws(MessagingError) {
    socket = try ControlSocket(context, endpoint: endpoint)
    self.handlers = Dictionary(handlers.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Takes what has come in and sends what is ready. Waits at most `milliseconds` for a request.
  package func turn(_ context: Context, milliseconds: Int = 0) throws(MessagingError) {
    for index in 0..<Self.mostPerTurn {
      guard let call = socket.receive(milliseconds: index == 0 ? milliseconds : 0) else { break }
      take(call, context)
    }
    try sendReplies(at: MonotonicTime.now())
  }

  private func take(_ call: ControlCall, _ context: Context) {
    let reply = ControlReply()
    var name = ""
    var patience: Int64 = 0
    do throws(ControlFailure) {
      name = try Self.requestName(call)
      guard let handler = handlers[name] else {
        let known = handlers.keys.sorted().joined(separator: ", ")
        throw ControlFailure(
          code: "unknown_request", text: "\"\(name)\" is not a request. Known requests: \(known).")
      }
      guard open.count < Self.mostOpen else {
        throw ControlFailure(
          code: "busy", text: "\(open.count) requests are being worked on; ask again in a second.")
      }
      patience = handler.patienceNanoseconds
      handler.start(call.request.withUnsafeBytes { Data($0) }, context, reply)
    } catch { reply.fail(error) }
    open.append(
      OpenCall(name: name, call: call, reply: reply, deadline: MonotonicTime.now() + patience))
  }

  private static func requestName(_ call: ControlCall) throws(ControlFailure) -> String {
    let body: JSONValue
    do {
      body = try call.request.withUnsafeBytes { (bytes) throws(WireFormatError) in
        try JSONValue(parsing: bytes)
      }
    } catch { throw ControlFailure(code: "malformed", text: error.description) }
    guard let name = body["request"]?.string else {
      throw ControlFailure(
        code: "malformed", text: "no \"request\" in the message. Send {\"request\":\"status\"}.")
    }
    return name
  }

  private func sendReplies(at now: MonotonicTime) throws(MessagingError) {
    var failure: MessagingError?
    open.removeAll { entry in
      if now >= entry.deadline {
        entry.reply.expire(
          ControlFailure(code: "timeout", text: "\"\(entry.name)\" took too long and was given up."))
      }
      switch entry.reply.state {
      case .open, .committed: return false
      case .answered(let result): write(result, to: entry.name)
      case .failed(let failure): write(failure)
      }
      do throws(MessagingError) { try socket.reply(to: entry.call, writer.bytes) } catch { failure = error }
      return true
    }
    if let failure { throw failure }
  }

  /// `{"v":1,"ok":true,"request":…,"result":{…}}`
  private func write(_ result: [UInt8], to name: String) {
    writer.clear()
    writer.beginObject()
    writer.field("v", DepthHeader.version)
    writer.field("ok", true)
    writer.field("request", name)
    writer.field("result", json: result)
    writer.endObject()
  }

  /// `{"v":1,"ok":false,"error":{"code":…,"text":…}}`
  private func write(_ failure: ControlFailure) {
    writer.clear()
    writer.beginObject()
    writer.field("v", DepthHeader.version)
    writer.field("ok", false)
    writer.beginObject("error")
    writer.field("code", failure.code)
    writer.field("text", failure.text)
    writer.endObject()
    writer.endObject()
  }
}
