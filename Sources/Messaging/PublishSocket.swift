import CZMQ
import Glibc
public import WireFormat

/// An XPUB socket: sends to whoever subscribed, never waits, and knows exactly who listens to what.
///
/// Made, used and dropped on one thread. A subscriber that cannot keep up loses messages, and finds the gap
/// in the sequence numbers; it never delays the others.
public final class PublishSocket {
  /// What is queued for a slow subscriber before its messages are dropped.
  public enum Depth: Int32, Sendable {
    /// Frames: the newest matter, so hardly any queue.
    case frames = 2
    /// Small messages that should all arrive.
    case status = 100
  }

  public let endpoints: [String]
  private let socket: Socket
  private var subscriptions = SubscriptionTable()
  private let inbound: UnsafeMutablePointer<zmq_msg_t>
  private let outbound: UnsafeMutablePointer<zmq_msg_t>

  /// Binds every endpoint.
  /// - Parameter allowInsecure: whether TCP addresses other than loopback are accepted.
  /// - Throws: `.endpointInUse`, `.insecureEndpoint`, `.badEndpoint`, `.directory` or `.zeroMQ`.
  public init(
    _ context: MessagingContext, endpoints: [String], depth: Depth, allowInsecure: Bool = false
  ) throws(MessagingError) {
    self.endpoints = endpoints
    let socket = try Socket(context, kind: ZMQ_XPUB)
    // Peers send subscriptions only.
    try socket.applyHouseOptions(largestInboundBytes: 4096)
    try socket.set(ZMQ_SNDHWM, depth.rawValue)
    // Report every subscription and its end, duplicates included: that makes the counts exact.
    try socket.set(ZMQ_XPUB_VERBOSER, Int32(1))
    for endpoint in endpoints { try socket.bind(endpoint, allowInsecure: allowInsecure) }
    self.socket = socket
    inbound = .allocate(capacity: 1)
    outbound = .allocate(capacity: 1)
    zmq_msg_init(inbound)
  }

  deinit {
    zmq_msg_close(inbound)
    inbound.deallocate()
    outbound.deallocate()
  }

  /// Learns of subscriptions since the last call.
  ///
  /// Never waits; allocates only when there is news.
  public func poll() -> [SubscriptionEvent] {
    var events: [SubscriptionEvent] = []
    // A bound, so that a peer that subscribes without end cannot keep the caller here.
    for _ in 0..<1000 {
      guard zmq_msg_recv(inbound, socket.handle, ZMQ_DONTWAIT) >= 0 else { break }
      let frame = UnsafeRawBufferPointer(start: zmq_msg_data(inbound), count: zmq_msg_size(inbound))
      if let event = subscriptions.take(frame) { events.append(event) }
    }
    return events
  }

  /// Subscriptions that messages of `topic` go to, as of the last `poll()`.
  public func subscriberCount(of topic: Topic) -> Int { subscriptions.count(of: topic) }

  /// Sends one frame by copy; for small messages.
  public func send(_ bytes: UnsafeRawBufferPointer) throws(MessagingError) {
    try send(bytes, hasMore: false)
  }

  /// Sends one frame by copy; for small messages that are kept as arrays.
  public func send(_ bytes: [UInt8], hasMore: Bool = false) throws(MessagingError) {
    let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
    while zmq_send(socket.handle, bytes, bytes.count, flags) < 0 {
      guard zmq_errno() == EINTR else { throw .lastFailure("send", name) }
    }
  }

  private func send(_ bytes: UnsafeRawBufferPointer, hasMore: Bool) throws(MessagingError) {
    let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
    while zmq_send(socket.handle, bytes.baseAddress, bytes.count, flags) < 0 {
      guard zmq_errno() == EINTR else { throw .lastFailure("send", name) }
    }
  }

  /// Sends a part of a pooled message without copying; ZeroMQ keeps a reference until it is on its way.
  func send(_ message: PooledMessage, _ range: Range<Int>, hasMore: Bool) throws(MessagingError) {
    message.retain()
    let hint = Unmanaged.passRetained(message).toOpaque()
    guard
      zmq_msg_init_data(
        outbound, message.memory.baseAddress?.advanced(by: range.lowerBound), range.count,
        { _, hint in
          guard let hint else { return }
          Unmanaged<PooledMessage>.fromOpaque(hint).takeRetainedValue().release()
        }, hint) == 0
    else {
      let failure = MessagingError.lastFailure("message", name)
      Unmanaged<PooledMessage>.fromOpaque(hint).takeRetainedValue().release()
      throw failure
    }
    let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
    while zmq_msg_send(outbound, socket.handle, flags) < 0 {
      guard zmq_errno() == EINTR else {
        let failure = MessagingError.lastFailure("send", name)
        zmq_msg_close(outbound)
        throw failure
      }
    }
  }

  private var name: String { endpoints.first ?? "an unbound socket" }
}
