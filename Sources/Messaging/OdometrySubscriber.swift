import CZMQ

/// Receives odometry messages: JSON in one frame, with or without a topic before the first `{`, or in the
/// last of several frames.
///
/// Made and used on the odometry thread.
public final class OdometrySubscriber {
  public let endpoint: String
  private let socket: Socket
  private let frame: UnsafeMutablePointer<zmq_msg_t>

  /// - Parameters:
  ///   - endpoint: the publisher's endpoint; it may appear later.
  ///   - topic: byte prefix to subscribe to; empty for everything.
  public init(
    _ context: MessagingContext, endpoint: String, topic: String = ""
  ) throws(MessagingError) {
    self.endpoint = endpoint
    socket = try Socket(context, kind: ZMQ_SUB)
    try socket.applyHouseOptions(largestInboundBytes: 64 << 10)
    try socket.set(ZMQ_RCVHWM, Int32(1000))
    try socket.set(ZMQ_SUBSCRIBE, text: topic)
    try socket.connect(endpoint)
    frame = .allocate(capacity: 1)
    zmq_msg_init(frame)
  }

  deinit {
    zmq_msg_close(frame)
    frame.deallocate()
  }

  /// Waits up to `milliseconds` for a message and lends its JSON object's bytes to `body`.
  ///
  /// Does not allocate.
  /// - Returns: false when nothing came, or nothing that has an object in it.
  public func receive(milliseconds: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard socket.waitForInput(milliseconds: milliseconds) else { return false }
    repeat {
      guard zmq_msg_recv(frame, socket.handle, ZMQ_DONTWAIT) >= 0 else { return false }
    } while socket.hasMoreFrames
    let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(frame), count: zmq_msg_size(frame))
    guard let brace = bytes.firstIndex(of: UInt8(ascii: "{")) else { return false }
    body(UnsafeRawBufferPointer(rebasing: bytes[brace...]))
    return true
  }
}
