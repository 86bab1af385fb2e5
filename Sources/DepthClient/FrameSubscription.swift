import Messaging
import Platform
import Quantities
public import WireFormat

/// One topic, received in the background from the moment the subscription is made until it goes away.
///
/// Safe to use from any thread.
public final class FrameSubscription: Sendable {
  /// Which frames are handed out.
  public enum Delivery: Equatable, Sendable {
    /// The newest only, from the `latest` endpoint: never older than one period.
    case latest
    /// All, in order, from the `stream` endpoint, as long as no more than `queue` wait to be taken.
    case everything(queue: Int)
  }

  public let topic: Topic
  private let inbox: FrameInbox
  private let thread: WorkerThread
  private let bootID = BootIdentity.read()

  init(
    _ context: MessagingContext, endpoints: DepthEndpoints, topic: Topic, delivery: Delivery
  ) throws(DepthClientError) {
    self.topic = topic
    let (endpoint, socketDelivery, capacity) =
      switch delivery {
      case .latest: (endpoints.latest, SubscribeSocket.Delivery.newest, 1)
      case .everything(let queue):
        (endpoints.stream, SubscribeSocket.Delivery.inOrder(queue: 100), max(1, queue))
      }
    // The socket belongs to the receiver thread; this one only shows early whether the endpoint can work.
    do {
      _ = try SubscribeSocket(context, endpoint: endpoint, topics: [], delivery: socketDelivery)
    } catch { throw .messaging(error) }
    let inbox = FrameInbox(capacity: capacity)
    self.inbox = inbox
    thread = WorkerThread(name: "depth-client") {
      Self.receive(context, endpoint: endpoint, topic: topic, delivery: socketDelivery, into: inbox)
    }
  }

  deinit {
    inbox.stop()
    thread.join()
  }

  private static func receive(
    _ context: MessagingContext, endpoint: String, topic: Topic, delivery: SubscribeSocket.Delivery,
    into inbox: FrameInbox
  ) {
    do throws(MessagingError) {
      let socket = try SubscribeSocket(
        context, endpoint: endpoint, topics: [topic.name], delivery: delivery)
      while !inbox.isStopped {
        guard let message = socket.receive(milliseconds: 100) else { continue }
        do throws(DepthClientError) {
          inbox.put(try ReceivedFrame(message: message, receivedAt: .now()))
        } catch { inbox.reject(error) }
      }
    } catch { inbox.reject(.messaging(error)) }
  }

  /// The next frame not yet handed out; waits up to `milliseconds`.
  ///
  /// Never the same frame twice.
  public func next(milliseconds: Int) -> ReceivedFrame? {
    inbox.take(until: MonotonicTime.now() + Int64(milliseconds) * 1_000_000)
  }

  /// The newest frame, handed out or not; nil before the first.
  public var newest: ReceivedFrame? { inbox.peek() }

  /// Frames as they come, for `for await`; a slow loop sees the newest.
  public var frames: AsyncStream<ReceivedFrame> { inbox.listen() }

  public var statistics: SubscriptionStatistics { inbox.readStatistics() }

  /// Seconds between the frame's capture and now; nil when the clocks cannot be compared.
  public func ageSeconds(of frame: ReceivedFrame) -> Double? {
    frame.ageSeconds(now: .now(), wallNow: .now(), bootID: bootID)
  }

  /// Whether the newest frame is older than `seconds`, or there is none.
  public func isStale(after seconds: Double) -> Bool {
    guard let frame = newest else { return true }
    let age = ageSeconds(of: frame) ?? Double(MonotonicTime.now() - frame.receivedAt) * 1e-9
    return age > seconds
  }
}
