public import WireFormat

/// What a client asks: `{"request":"status", …}`.
public struct ControlRequest: Sendable {
  public let name: String
  /// The whole object, for requests that carry arguments.
  public let body: JSONValue

  init(parsing bytes: UnsafeRawBufferPointer) throws(ControlFailure) {
    let body: JSONValue
    do { body = try JSONValue(parsing: bytes) } catch {
      throw ControlFailure(code: "malformed", text: error.description)
    }
    guard let name = body["request"]?.string else {
      throw ControlFailure(
        code: "malformed", text: "no \"request\" in the message. Send {\"request\":\"status\"}.")
    }
    self.name = name
    self.body = body
  }
}

/// Why a request was not done.
public struct ControlFailure: Error, Equatable, Sendable {
  /// A short stable word for programs: `malformed`, `unknown_request`, or a word of the request's own.
  public var code: String
  /// One sentence for a person.
  public var text: String

  public init(code: String, text: String) {
    self.code = code
    self.text = text
  }
}

/// Answers one kind of request: writes the members of the reply's `result` object.
public typealias ControlHandler =
  (_ request: ControlRequest, _ result: inout ByteWriter) throws(ControlFailure) -> Void

/// Builds `{"v":1,"ok":true,"request":…,"result":{…}}` or `{"v":1,"ok":false,"error":{"code":…,"text":…}}`.
func encodeReply(
  to bytes: UnsafeRawBufferPointer, handlers: [String: ControlHandler], into writer: inout ByteWriter
) {
  do throws(ControlFailure) {
    let request = try ControlRequest(parsing: bytes)
    guard let handler = handlers[request.name] else {
      let known = handlers.keys.sorted().joined(separator: ", ")
      throw ControlFailure(
        code: "unknown_request", text: "\"\(request.name)\" is not a request. Known requests: \(known).")
    }
    writer.clear()
    writer.beginObject()
    writer.field("v", DepthHeader.version)
    writer.field("ok", true)
    writer.field("request", request.name)
    writer.beginObject("result")
    try handler(request, &writer)
    writer.endObject()
    writer.endObject()
  } catch {
    writer.clear()
    writer.beginObject()
    writer.field("v", DepthHeader.version)
    writer.field("ok", false)
    writer.beginObject("error")
    writer.field("code", error.code)
    writer.field("text", error.text)
    writer.endObject()
    writer.endObject()
  }
}
