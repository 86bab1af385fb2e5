import CZMQ
import Glibc

/// One ZeroMQ socket and its options.
///
/// Used by one thread: the one that made it.
final class Socket {
  let handle: UnsafeMutableRawPointer
  private let context: MessagingContext

  init(_ context: MessagingContext, kind: Int32) throws(MessagingError) {
    guard let handle = zmq_socket(context.handle, kind) else { throw .lastFailure("zmq_socket", "a socket") }
    self.handle = handle
    self.context = context
  }

  deinit {
    zmq_close(handle)
  }

  func set(_ option: Int32, _ value: Int32) throws(MessagingError) {
    var value = value
    guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) == 0 else {
      throw .lastFailure("option \(option)", "a socket")
    }
  }

  func set(_ option: Int32, _ value: Int64) throws(MessagingError) {
    var value = value
    guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int64>.size) == 0 else {
      throw .lastFailure("option \(option)", "a socket")
    }
  }

  func set(_ option: Int32, text: String) throws(MessagingError) {
    var text = text
    let result = text.withUTF8 { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
    guard result == 0 else { throw .lastFailure("option \(option)", "a socket") }
  }

  /// What every socket of the product has: no waiting at exit, dead peers noticed, a bound on what a peer
  /// may send.
  ///
  /// Deliberately without ZMQ_HEARTBEAT_*: a subscriber that is slow stops reading its connection, so it does
  /// not answer heartbeats, is disconnected although it is healthy, and libzmq then aborts the subscriber's
  /// process (libzmq issue 3937). The kernel reports the end of ipc peers; TCP has keep-alive.
  func applyHouseOptions(largestInboundBytes: Int64) throws(MessagingError) {
    try set(ZMQ_LINGER, Int32(0))
    try set(ZMQ_HANDSHAKE_IVL, Int32(3000))
    try set(ZMQ_RECONNECT_IVL, Int32(100))
    try set(ZMQ_RECONNECT_IVL_MAX, Int32(2000))
    try set(ZMQ_TCP_KEEPALIVE, Int32(1))
    try set(ZMQ_TCP_KEEPALIVE_IDLE, Int32(5))
    try set(ZMQ_TCP_KEEPALIVE_INTVL, Int32(1))
    try set(ZMQ_TCP_KEEPALIVE_CNT, Int32(3))
    try set(ZMQ_MAXMSGSIZE, largestInboundBytes)
  }

  /// Serves an endpoint, after the checks ZeroMQ does not make (see `Endpoint`).
  func bind(_ endpoint: String, allowInsecure: Bool) throws(MessagingError) {
    switch try Endpoint(endpoint) {
    case .ipc(let path):
      try context.lock(path: path, endpoint: endpoint)
      guard zmq_bind(handle, endpoint) == 0 else { throw .lastFailure("bind", endpoint) }
      // Connecting needs write permission; who may reach the socket at all is the folder's business.
      chmod(path, 0o660)
    case .tcp(let isLoopback):
      guard isLoopback || allowInsecure else { throw .insecureEndpoint(endpoint) }
      guard zmq_bind(handle, endpoint) == 0 else {
        guard zmq_errno() == EADDRINUSE else { throw .lastFailure("bind", endpoint) }
        throw .endpointInUse(endpoint: endpoint, processID: nil)
      }
    }
  }

  func connect(_ endpoint: String) throws(MessagingError) {
    _ = try Endpoint(endpoint)
    guard zmq_connect(handle, endpoint) == 0 else { throw .lastFailure("connect", endpoint) }
  }

  /// Waits until something can be received.
  ///
  /// False when the time is up.
  func waitForInput(milliseconds: Int) -> Bool {
    var item = zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
    return zmq_poll(&item, 1, milliseconds) > 0
  }

  /// Whether the frame just received is followed by another of the same message.
  var hasMoreFrames: Bool {
    var more: Int32 = 0
    var size = MemoryLayout<Int32>.size
    zmq_getsockopt(handle, ZMQ_RCVMORE, &more, &size)
    return more != 0
  }
}
