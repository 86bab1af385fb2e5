import CZMQ

/// The daemon's side of the control endpoint: a ROUTER socket that receives requests and sends their replies, in
/// any order and at any time.
///
/// Made and used on one thread.
public final class ControlSocket {
  /// Longest request, bytes; ZeroMQ hangs up on peers that send more.
  public static let largestRequest = 1 << 20

  private let socket: Socket
  private let endpoint: String

  public init(
    _ context: MessagingContext, endpoint: String, allowInsecure: Bool = false
  ) throws(MessagingError) {
    self.endpoint = endpoint
    socket = try Socket(context, kind: ZMQ_ROUTER)
    try socket.applyHouseOptions(largestInboundBytes: Int64(Self.largestRequest))
    try socket.bind(endpoint, allowInsecure: allowInsecure)
  }

  /// Creates the directory and binds the control socket in it.
  public convenience init(
    _ context: MessagingContext, directory: EndpointDirectory
  ) throws(MessagingError) {
    try directory.create()
    try self.init(context, endpoint: directory.control)
  }

  /// Waits up to `milliseconds` for a request; nil when there is none.
  public func receive(milliseconds: Int) -> ControlCall? {
    // The peer's identity, a REQ socket's empty delimiter if there is one, the request.
    guard var frames = socket.receiveMessage(milliseconds: milliseconds), frames.count >= 2,
      let request = frames.popLast()
    else { return nil }
    return ControlCall(request: request, envelope: frames)
  }

  /// Sends the reply to a request. A caller that has gone away is no error.
  public func reply(to call: ControlCall, _ bytes: UnsafeRawBufferPointer) throws(MessagingError) {
    for frame in call.envelope {
      try frame.withUnsafeBytes { (bytes) throws(MessagingError) in try send(bytes, hasMore: true) }
    }
    try send(bytes, hasMore: false)
  }

  private func send(_ bytes: UnsafeRawBufferPointer, hasMore: Bool) throws(MessagingError) {
    let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
    guard zmq_send(socket.handle, bytes.baseAddress, bytes.count, flags) >= 0 else {
      throw .lastFailure("reply", endpoint)
    }
  }
}

/// One received request and where its reply goes.
public struct ControlCall: Sendable {
  /// The request's bytes, as they came.
  public let request: ReceivedBytes
  let envelope: [ReceivedBytes]
}
