public import Messaging
import Platform
import Quantities
public import WireFormat

/// A subscriber's view of one daemon: subscriptions that always know their newest frame, its age and what was
/// lost; status; requests.
///
/// Reconnects by itself for ever, and says so: a topic without frames is not alive.
///
///     let client = try DepthClient(.standard())
///     let depth = try client.subscribe(camera: "front", .depth)
///     while let frame = depth.next(milliseconds: 1000), client.liveness(of: depth).isGood { … }
public final class DepthClient: Sendable {
  public let endpoints: DepthEndpoints
  public let status: StatusSubscription
  private let context: MessagingContext

  /// - Throws: `.messaging` when an endpoint cannot work; a daemon that is not there yet is no error.
  public init(_ endpoints: DepthEndpoints) throws(DepthClientError) {
    self.endpoints = endpoints
    do { context = try MessagingContext() } catch { throw .messaging(error) }
    status = try StatusSubscription(context, endpoint: endpoints.status)
  }

  /// A daemon on this machine.
  public convenience init(_ directory: EndpointDirectory) throws(DepthClientError) {
    try self.init(DepthEndpoints(directory))
  }

  /// Receives one topic in the background for as long as the result lives.
  public func subscribe(
    to topic: Topic, delivery: FrameSubscription.Delivery = .latest
  ) throws(DepthClientError) -> FrameSubscription {
    try FrameSubscription(context, endpoints: endpoints, topic: topic, delivery: delivery)
  }

  public func subscribe(
    camera: String, _ kind: TopicKind, delivery: FrameSubscription.Delivery = .latest
  ) throws(DepthClientError) -> FrameSubscription {
    let topic: Topic
    do { topic = try Topic(camera: camera, kind) } catch { throw .wire(error) }
    return try subscribe(to: topic, delivery: delivery)
  }

  /// Whether a subscription delivers, fast enough, from a camera that works.
  public func liveness(of subscription: FrameSubscription) -> Liveness {
    let now = MonotonicTime.now()
    let camera = subscription.topic.camera
    let statistics = subscription.statistics
    let health = status.health(ofCamera: camera)
    let nominal =
      health?.message.nominalRateHz ?? status.info?.cameras.first { $0.name == camera }?.rateHz
    return Liveness(
      sinceFrame: statistics.lastReceivedAt.map { Double(now - $0) * 1e-9 }, rateHz: statistics.rateHz,
      nominalRateHz: nominal, sinceHealth: health.map { Double(now - $0.receivedAt) * 1e-9 },
      isDown: health?.message.verdict == .down)
  }

  /// Sends a request to the control endpoint and waits for its JSON reply.
  public func ask(_ request: String, milliseconds: Int = 2000) throws(DepthClientError) -> [UInt8] {
    do {
      return try ControlClient(context, endpoint: endpoints.control).ask(
        request, milliseconds: milliseconds)
    } catch { throw .messaging(error) }
  }
}
