import Foundation
package import WireFormat

/// How one kind of request is answered. The daemon's list of them is `ControlHandler.all`.
package struct ControlHandler<Context> {
  package let name: String
  /// A reply that takes longer is given up.
  let patienceNanoseconds: Int64
  private let run: (Data, Context, ControlReply) throws(ControlFailure) -> Void

  /// A request that is answered at once.
  package init<Request: ControlRequest>(
    _ type: Request.Type,
    _ body: @escaping (Request, Context) throws(ControlFailure) -> Request.Answer
  ) where Request.Answer: Encodable {
    self.init(later: type, patienceSeconds: 1) { (request, context, reply) throws(ControlFailure) in
      reply.answer(try body(request, context))
    }
  }

  /// A request that is answered at once, by members written in order.
  package init<Request: ControlRequest>(
    writing type: Request.Type,
    _ body: @escaping (Request, Context, inout ByteWriter) -> Void
  ) {
    self.init(later: type, patienceSeconds: 1) { (request, context, reply) throws(ControlFailure) in
      reply.answer { body(request, context, &$0) }
    }
  }

  /// A request whose work takes a while: `body` starts it and returns; the reply is given when it is done.
  package init<Request: ControlRequest>(
    later type: Request.Type, patienceSeconds: Double,
    _ body: @escaping (Request, Context, ControlReply) throws(ControlFailure) -> Void
  ) {
    name = Request.name
    patienceNanoseconds = Int64(patienceSeconds * 1e9)
    run = { (json, context, reply) throws(ControlFailure) in
      try body(try Self.decode(Request.self, json), context, reply)
    }
  }

  /// Reads the arguments and starts the work.
  func start(_ json: Data, _ context: Context, _ reply: ControlReply) {
    do throws(ControlFailure) { try run(json, context, reply) } catch { reply.fail(error) }
  }

  private static func decode<Request: ControlRequest>(
    _ type: Request.Type, _ json: Data
  ) throws(ControlFailure) -> Request {
    let request: Request
    let known: Set<String>
    do {
      request = try JSONDecoder().decode(Request.self, from: json)
      known = try memberNames(try JSONEncoder().encode(request))
    } catch {
      throw ControlFailure(code: "bad_argument", text: "\(Request.name): \(Self.describe(error))")
    }
    // What decoding did not use does not come out again.
    let unknown = ((try? memberNames(json)) ?? []).subtracting(known).subtracting(["request"]).sorted()
    guard unknown.isEmpty else {
      throw ControlFailure(
        code: "bad_argument",
        text: "\(Request.name) takes no \(unknown.map { "\"\($0)\"" }.joined(separator: ", ")).")
    }
    return request
  }

  private static func memberNames(_ json: Data) throws -> Set<String> {
    let members = try JSONDecoder().decode([String: AnyMember?].self, from: json)
    return Set(members.compactMap { name, value in value.map { _ in name } })
  }

  private static func describe(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing."
    case DecodingError.typeMismatch(_, let place), DecodingError.valueNotFound(_, let place),
      DecodingError.dataCorrupted(let place):
      "\"\(place.codingPath.map(\.stringValue).joined(separator: "."))\": \(place.debugDescription)"
    default: "\(error)"
    }
  }
}

/// Any JSON value but null, which stands for a member that is left out; only its being there counts.
private struct AnyMember: Decodable {
  init(from decoder: any Decoder) {}
}
