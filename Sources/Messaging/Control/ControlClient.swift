import CZMQ

/// A client's side of the control endpoint.
///
/// Used by one thread.
public final class ControlClient {
  public let endpoint: String
  private let context: MessagingContext

  public init(_ context: MessagingContext, endpoint: String) {
    self.context = context
    self.endpoint = endpoint
  }

  /// Sends a JSON request and waits for the reply.
  /// - Throws: `.noReply` when none came in time.
  public func ask(_ request: String, milliseconds: Int = 2000) throws(MessagingError) -> [UInt8] {
    // A socket for each request: a REQ socket that missed its reply cannot be used again.
    let socket = try Socket(context, kind: ZMQ_REQ)
    try socket.applyHouseOptions(largestInboundBytes: 16 << 20)
    try socket.connect(endpoint)
    let bytes = Array(request.utf8)
    guard zmq_send(socket.handle, bytes, bytes.count, 0) >= 0 else {
      throw .lastFailure("request", endpoint)
    }
    let reply = ReceivedBytes()
    guard socket.waitForInput(milliseconds: milliseconds), reply.receive(from: socket, flags: ZMQ_DONTWAIT)
    else { throw .noReply(endpoint: endpoint, milliseconds: milliseconds) }
    return reply.withUnsafeBytes { Array($0) }
  }
}
