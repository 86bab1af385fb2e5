public import Quantities
public import WireFormat

/// Publishes frames on both endpoints: `stream` (three frames: topic, header, payload) and `latest` (one
/// frame, safe with ZMQ_CONFLATE).
///
/// Made and used on the perception thread.
public final class FramePublisher {
  private let stream: PublishSocket
  private let latest: PublishSocket
  private let pool = MessagePool()

  /// Binds both endpoints.
  /// - Parameters:
  ///   - stream, latest: endpoints to bind, usually one ipc path each, from an `EndpointDirectory` that has
  ///     been created.
  public init(
    _ context: MessagingContext, stream: [String], latest: [String], allowInsecure: Bool = false
  ) throws(MessagingError) {
    self.stream = try PublishSocket(
      context, endpoints: stream, depth: .frames, allowInsecure: allowInsecure)
    self.latest = try PublishSocket(
      context, endpoints: latest, depth: .frames, allowInsecure: allowInsecure)
  }

  /// Creates the directory and binds the two sockets in it.
  public convenience init(
    _ context: MessagingContext, directory: EndpointDirectory
  ) throws(MessagingError) {
    try directory.create()
    try self.init(context, stream: [directory.stream], latest: [directory.latest])
  }

  /// Learns who came and went since the last call; call it once per frame.
  ///
  /// Never waits.
  public func poll() -> [SubscriptionEvent] {
    let streamEvents = stream.poll()
    let latestEvents = latest.poll()
    return latestEvents.isEmpty ? streamEvents : streamEvents + latestEvents
  }

  /// Whether anybody would receive the topic: what nobody wants need not be computed.
  public func wants(_ topic: Topic) -> Bool { subscriberCount(of: topic) > 0 }

  /// Subscriptions on both endpoints, as of the last `poll()`.
  public func subscriberCount(of topic: Topic) -> Int {
    let counts = subscriberCounts(of: topic)
    return counts.stream + counts.latest
  }

  /// Subscriptions on each endpoint, as of the last `poll()`.
  public func subscriberCounts(of topic: Topic) -> (stream: Int, latest: Int) {
    (stream.subscriberCount(of: topic), latest.subscriberCount(of: topic))
  }

  /// Sends one frame to those who want it.
  ///
  /// Never waits; allocates nothing once the pool is warm.
  /// - Parameters:
  ///   - header: the encoded `DepthHeader`, whose sequence and capture time are repeated here.
  ///   - payload: what the header describes.
  /// - Returns: whether anybody wanted it.
  @discardableResult
  public func publish(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) throws(MessagingError) -> Bool {
    let streamWanted = stream.subscriberCount(of: topic) > 0
    let latestWanted = latest.subscriberCount(of: topic) > 0
    guard streamWanted || latestWanted else { return false }
    let count = LatestFrame.byteCount(headerBytes: header.count, payloadBytes: payload.count)
    let message = pool.lease(byteCount: count)
    defer { message.release() }
    // One block serves both endpoints: the stream's frames are parts of the single-frame message.
    LatestFrame.encodeHead(
      topic: topic, sequence: sequence, captureTime: captureTime, header: header,
      payloadBytes: payload.count, into: message.memory)
    let offset = LatestFrame.payloadOffset(headerBytes: header.count)
    UnsafeMutableRawBufferPointer(rebasing: message.memory[offset...]).copyMemory(from: payload)
    if latestWanted { try latest.send(message, 0..<count, hasMore: false) }
    if streamWanted {
      try stream.send(message, 0..<topic.name.utf8.count, hasMore: true)
      let headerEnd = LatestFrame.prefixBytes + header.count
      try stream.send(message, LatestFrame.prefixBytes..<headerEnd, hasMore: true)
      try stream.send(message, offset..<(offset + payload.count), hasMore: false)
    }
    return true
  }

  /// The same, from the writers the pipeline encodes into.
  @discardableResult
  public func publish(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: borrowing ByteWriter,
    payload: borrowing ByteWriter
  ) throws(MessagingError) -> Bool {
    try publish(
      topic, sequence: sequence, captureTime: captureTime, header: header.bytes, payload: payload.bytes)
  }
}
