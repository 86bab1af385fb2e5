import CZMQ

/// One received ZeroMQ frame, owned; its memory is ZeroMQ's and is not copied.
public final class ReceivedBytes: @unchecked Sendable {
  // Filled once, before anybody else sees the object; only read afterwards.
  private let message: UnsafeMutablePointer<zmq_msg_t>

  init() {
    message = .allocate(capacity: 1)
    zmq_msg_init(message)
  }

  deinit {
    zmq_msg_close(message)
    message.deallocate()
  }

  /// Receives into this object.
  ///
  /// False when nothing is there.
  func receive(from socket: Socket, flags: Int32) -> Bool {
    zmq_msg_recv(message, socket.handle, flags) >= 0
  }

  public var count: Int { zmq_msg_size(message) }

  /// Lends the bytes; they must not be used after `body` returns.
  public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message)))
  }
}

extension Socket {
  /// Waits up to `milliseconds` for a message and returns its frames; nil when the time is up.
  func receiveMessage(milliseconds: Int) -> [ReceivedBytes]? {
    guard waitForInput(milliseconds: milliseconds) else { return nil }
    var frames: [ReceivedBytes] = []
    repeat {
      let frame = ReceivedBytes()
      // Once the first frame of a message is there, ZeroMQ has the rest.
      guard frame.receive(from: self, flags: ZMQ_DONTWAIT) else { return nil }
      frames.append(frame)
    } while hasMoreFrames
    return frames
  }
}
