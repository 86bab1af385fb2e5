import Foundation
public import Messaging
public import WireFormat

/// Requests to one daemon's control endpoint.
///
///     let control = try DaemonControl(EndpointDirectory.standard())
///     let answer = try control.ask(StatusRequest())
///
/// Used by one thread.
public final class DaemonControl {
  public let endpoint: String
  private let client: ControlClient

  public init(endpoint: String) throws(DepthClientError) {
    self.endpoint = endpoint
    do { client = ControlClient(try MessagingContext(), endpoint: endpoint) } catch {
      throw .messaging(error)
    }
  }

  /// The control endpoint of a daemon on this machine.
  public convenience init(_ directory: EndpointDirectory) throws(DepthClientError) {
    try self.init(endpoint: directory.control)
  }

  /// Sends a request and waits for its answer.
  /// - Throws: `.messaging(.noReply)` when none came in time, `.refused` when the daemon says no.
  public func ask<Request: ControlRequest>(
    _ request: Request, milliseconds: Int = 2000
  ) throws(DepthClientError) -> Request.Answer where Request.Answer: Decodable {
    let reply = try send(request, milliseconds)
    do {
      let decoded = try JSONDecoder().decode(Reply<Request.Answer>.self, from: reply)
      if let result = decoded.result { return result }
      throw DepthClientError.refused(decoded.error ?? Self.unreadable(reply))
    } catch let error as DepthClientError { throw error } catch {
      throw .refused(Self.unreadable(reply))
    }
  }

  /// The same, with the answer's JSON object as it came.
  public func askJSON(
    _ request: some ControlRequest, milliseconds: Int = 2000
  ) throws(DepthClientError) -> [UInt8] {
    let reply = try send(request, milliseconds)
    let object = (try? JSONSerialization.jsonObject(with: reply)) as? [String: Any]
    if let result = object?["result"],
      let data = try? JSONSerialization.data(
        withJSONObject: result, options: [.sortedKeys, .withoutEscapingSlashes])
    {
      return Array(data)
    }
    let refusal = try? JSONDecoder().decode(Refusal.self, from: reply)
    throw .refused(refusal?.error ?? Self.unreadable(reply))
  }

  private func send(
    _ request: some ControlRequest, _ milliseconds: Int
  ) throws(DepthClientError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text: String
    do { text = String(decoding: try encoder.encode(Envelope(request: request)), as: UTF8.self) } catch {
      throw .refused(
        ControlFailure(code: "bad_argument", text: "the request cannot be written as JSON: \(error)"))
    }
    do { return Data(try client.ask(text, milliseconds: milliseconds)) } catch { throw .messaging(error) }
  }

  private static func unreadable(_ reply: Data) -> ControlFailure {
    ControlFailure(
      code: "unreadable",
      text: "this program does not understand the reply: \(String(decoding: reply, as: UTF8.self))")
  }
}

/// The request's members and its name in one object.
private struct Envelope<Request: ControlRequest>: Encodable {
  let request: Request

  private enum Key: String, CodingKey {
    case request
  }

  func encode(to encoder: any Encoder) throws {
    try request.encode(to: encoder)
    var members = encoder.container(keyedBy: Key.self)
    try members.encode(Request.name, forKey: .request)
  }
}

private struct Reply<Answer: Decodable>: Decodable {
  var result: Answer?
  var error: ControlFailure?
}

private struct Refusal: Decodable {
  var error: ControlFailure
}
