import CZMQ

/// A SUB socket.
///
/// Made, used and dropped on one thread; reconnects by itself, for ever.
public final class SubscribeSocket {
  /// Which messages are kept until they are received.
  public enum Delivery: Equatable, Sendable {
    /// Only the newest. For endpoints of single-frame messages (`latest`, `status`) and one topic per socket:
    /// ZeroMQ keeps one message per socket, and aborts the process if that is one of several frames.
    case newest
    /// Up to `queue` messages, in order.
    case inOrder(queue: Int)
  }

  public let endpoint: String
  private let socket: Socket

  /// - Parameter topics: byte prefixes; an empty text subscribes to everything.
  /// - Throws: `.badEndpoint` or `.zeroMQ`. A publisher that is not there yet is no error.
  public init(
    _ context: MessagingContext, endpoint: String, topics: [String], delivery: Delivery
  ) throws(MessagingError) {
    self.endpoint = endpoint
    socket = try Socket(context, kind: ZMQ_SUB)
    try socket.applyHouseOptions(largestInboundBytes: 256 << 20)
    switch delivery {
    case .newest: try socket.set(ZMQ_CONFLATE, Int32(1))
    case .inOrder(let queue): try socket.set(ZMQ_RCVHWM, Int32(clamping: queue))
    }
    for topic in topics { try socket.set(ZMQ_SUBSCRIBE, text: topic) }
    try socket.connect(endpoint)
  }

  /// Waits for one message and returns its frames; nil when the time is up.
  public func receive(milliseconds: Int) -> [ReceivedBytes]? {
    socket.receiveMessage(milliseconds: milliseconds)
  }
}
