public import WireFormat

/// Publishes status messages, and sends `info/` and `calib/` again to everybody who subscribes late.
///
/// Made and used on one thread.
public final class StatusPublisher {
  private let socket: PublishSocket
  private var writer = ByteWriter()
  /// Last frames of the topics that newcomers get; calibrations by camera.
  private var retained: [RetainedKey: [UInt8]] = [:]

  private struct RetainedKey: Hashable {
    var kind: TopicKind
    var camera: String
  }

  public init(
    _ context: MessagingContext, endpoints: [String], allowInsecure: Bool = false
  ) throws(MessagingError) {
    socket = try PublishSocket(
      context, endpoints: endpoints, depth: .status, allowInsecure: allowInsecure)
  }

  /// Creates the directory and binds the status socket in it.
  public convenience init(
    _ context: MessagingContext, directory: EndpointDirectory
  ) throws(MessagingError) {
    try directory.create()
    try self.init(context, endpoints: [directory.status])
  }

  /// Sends a message now; `info/` and `calib/` are kept for those who come later.
  public func send(_ message: some StatusMessage) throws(MessagingError) {
    message.encodeFrame(into: &writer)
    let kind = type(of: message).kind
    if kind.isSentToNewSubscribers {
      let camera = (message as? CalibrationMessage)?.camera ?? ""
      retained[RetainedKey(kind: kind, camera: camera)] = Array(writer.bytes)
    }
    try socket.send(writer.bytes)
  }

  /// Forgets a camera that is no longer configured.
  public func forgetCalibration(ofCamera camera: String) {
    retained[RetainedKey(kind: .calib, camera: camera)] = nil
  }

  /// Learns of new subscriptions and answers them with what is kept.
  ///
  /// Call it several times a second.
  public func poll() throws(MessagingError) -> [SubscriptionEvent] {
    let events = socket.poll()
    for (key, frame) in retained {
      let name = key.kind.rawValue + "/"
      guard events.contains(where: { $0.isNew && name.hasPrefix($0.prefix) }) else { continue }
      try socket.send(frame)
    }
    return events
  }

  public func subscriberCount(of topic: Topic) -> Int { socket.subscriberCount(of: topic) }
}
