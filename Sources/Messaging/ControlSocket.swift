import CZMQ
import WireFormat

/// The daemon's side of the control endpoint: a ROUTER socket that answers JSON requests, one at a time.
///
/// Made and used on one thread.
public final class ControlSocket {
  /// Longest request, bytes; ZeroMQ hangs up on peers that send more.
  public static let largestRequest = 1 << 20

  private let socket: Socket
  private let endpoint: String
  private var writer = ByteWriter()

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

  /// Waits up to `milliseconds` for a request and answers it; unknown and malformed ones get an error reply.
  /// - Returns: whether a request was answered.
  public func serve(
    milliseconds: Int, handlers: [String: ControlHandler]
  ) throws(MessagingError) -> Bool {
    guard socket.waitForInput(milliseconds: milliseconds) else { return false }
    var frames: [ReceivedBytes] = []
    repeat {
      let frame = ReceivedBytes()
      guard frame.receive(from: socket, flags: ZMQ_DONTWAIT) else { return false }
      frames.append(frame)
    } while socket.hasMoreFrames
    // The peer's identity, a REQ socket's empty delimiter if there is one, the request.
    guard frames.count >= 2, let request = frames.last else { return false }
    request.withUnsafeBytes { encodeReply(to: $0, handlers: handlers, into: &writer) }
    for frame in frames.dropLast() {
      try frame.withUnsafeBytes { (bytes) throws(MessagingError) in try send(bytes, hasMore: true) }
    }
    try send(writer.bytes, hasMore: false)
    return true
  }

  private func send(_ bytes: UnsafeRawBufferPointer, hasMore: Bool) throws(MessagingError) {
    let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
    guard zmq_send(socket.handle, bytes.baseAddress, bytes.count, flags) >= 0 else {
      throw .lastFailure("reply", endpoint)
    }
  }
}
