import CZMQ

/// Receives range points: messages of one frame, or the last of several.
///
/// Made and used on the thread of range points.
public final class RangeSubscriber {
  public let endpoint: String
  private let socket: Socket
  private let frame: UnsafeMutablePointer<zmq_msg_t>

  /// Room for what docs/wire.md allows, with its header. A larger message ends its sender's connection.
  private static let largestMessage: Int64 = 64 << 20
  /// Old scans are worth nothing, so few wait; ZMQ_CONFLATE would keep one of all sensors, and aborts the process
  /// when somebody sends several frames.
  private static let queueLength: Int32 = 4

  /// - Parameters:
  ///   - endpoint: the publisher's endpoint; it may appear later.
  ///   - topic: byte prefix to subscribe to; empty for everything.
  /// - Throws: `.badEndpoint` or `.zeroMQ`.
  public init(
    _ context: MessagingContext, endpoint: String, topic: String
  ) throws(MessagingError) {
    self.endpoint = endpoint
    socket = try Socket(context, kind: ZMQ_SUB)
    try socket.applyHouseOptions(largestInboundBytes: Self.largestMessage)
    try socket.set(ZMQ_RCVHWM, Self.queueLength)
    try socket.set(ZMQ_SUBSCRIBE, text: topic)
    try socket.connect(endpoint)
    frame = .allocate(capacity: 1)
    zmq_msg_init(frame)
  }

  deinit {
    zmq_msg_close(frame)
    frame.deallocate()
  }

  /// Waits up to `milliseconds` for a message and lends its bytes to `body`. Does not allocate.
  public func receive(milliseconds: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard socket.waitForInput(milliseconds: milliseconds) else { return }
    repeat {
      guard zmq_msg_recv(frame, socket.handle, ZMQ_DONTWAIT) >= 0 else { return }
    } while socket.hasMoreFrames
    body(UnsafeRawBufferPointer(start: zmq_msg_data(frame), count: zmq_msg_size(frame)))
  }
}
