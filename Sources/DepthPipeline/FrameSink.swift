public import Quantities
public import WireFormat

/// Where finished frames go: sockets in the daemon, a recorder of bytes in tests.
public protocol FrameSink: AnyObject {
  /// Whether anybody would receive the topic; what nobody wants is not computed.
  func wants(_ kind: TopicKind) -> Bool

  /// Sends one message. The bytes are valid only during the call.
  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer)
}
