import Foundation
import Messaging
import Platform
public import Quantities
import Synchronization
public import WireFormat

/// The daemon's status messages, received in the background; holds the last of each kind.
///
/// Safe to use from any thread.
public final class StatusSubscription: Sendable {
  /// A status message with the time it came in.
  public struct Entry<Message: Sendable>: Sendable {
    public var message: Message
    public var receivedAt: MonotonicTime
  }

  private struct State {
    var info: Entry<InfoMessage>?
    var calibrations: [String: CalibrationMessage] = [:]
    var health: [String: Entry<HealthMessage>] = [:]
    var events: [EventMessage] = []
    var odometry: [OdometryMessage] = []
    var isStopped = false
  }

  /// Shared with the receiver thread, which must not keep the subscription itself alive.
  private final class Shared: Sendable {
    let state = Mutex(State())
  }

  /// Events and odometry kept until somebody takes them.
  private static let longestQueue = 10_000

  private let shared = Shared()
  private let thread: WorkerThread

  init(_ context: MessagingContext, endpoint: String) throws(DepthClientError) {
    do {
      _ = try SubscribeSocket(context, endpoint: endpoint, topics: [], delivery: .inOrder(queue: 1))
    } catch { throw .messaging(error) }
    let shared = shared
    thread = WorkerThread(name: "depth-status") {
      guard
        let socket = try? SubscribeSocket(
          context, endpoint: endpoint, topics: [""], delivery: .inOrder(queue: 1000))
      else { return }
      while !shared.state.withLock({ $0.isStopped }) {
        guard let frame = socket.receive(milliseconds: 100)?.first else { continue }
        Self.take(frame, into: shared, at: .now())
      }
    }
  }

  deinit {
    shared.state.withLock { $0.isStopped = true }
    thread.join()
  }

  public var info: InfoMessage? { shared.state.withLock { $0.info?.message } }

  public func health(ofCamera camera: String) -> Entry<HealthMessage>? {
    shared.state.withLock { $0.health[camera] }
  }

  public func calibration(ofCamera camera: String) -> CalibrationMessage? {
    shared.state.withLock { $0.calibrations[camera] }
  }

  /// Events since the last call, oldest first.
  public func takeEvents() -> [EventMessage] {
    shared.state.withLock { state in
      defer { state.events.removeAll() }
      return state.events
    }
  }

  /// Odometry since the last call, oldest first.
  public func takeOdometry() -> [OdometryMessage] {
    shared.state.withLock { state in
      defer { state.odometry.removeAll() }
      return state.odometry
    }
  }

  /// Messages that cannot be read are skipped: a newer daemon may send kinds that are unknown here.
  private static func take(_ frame: ReceivedBytes, into shared: Shared, at time: MonotonicTime) {
    let parsed = frame.withUnsafeBytes { bytes -> (kind: TopicKind, json: Data)? in
      guard let (topic, json) = try? parseStatusFrame(bytes) else { return nil }
      return (topic.kind, Data(bytes[json]))
    }
    guard let parsed else { return }
    switch parsed.kind {
    case .info:
      guard let message = decode(InfoMessage.self, parsed.json) else { return }
      shared.state.withLock { $0.info = Entry(message: message, receivedAt: time) }
    case .calib:
      guard let message = decode(CalibrationMessage.self, parsed.json) else { return }
      shared.state.withLock { $0.calibrations[message.camera] = message }
    case .health:
      guard let message = decode(HealthMessage.self, parsed.json) else { return }
      shared.state.withLock { $0.health[message.camera] = Entry(message: message, receivedAt: time) }
    case .event:
      guard let message = decode(EventMessage.self, parsed.json) else { return }
      shared.state.withLock { append(message, to: &$0.events) }
    case .odometry:
      guard let message = decode(OdometryMessage.self, parsed.json) else { return }
      shared.state.withLock { append(message, to: &$0.odometry) }
    case .depth, .unscaled, .depth16, .confidence, .image, .preview, .points, .truth: return
    }
  }

  private static func append<Message>(_ message: Message, to queue: inout [Message]) {
    if queue.count >= longestQueue { queue.removeFirst(longestQueue / 10) }
    queue.append(message)
  }

  private static func decode<Message: Decodable>(_ type: Message.Type, _ json: Data) -> Message? {
    try? JSONDecoder().decode(type, from: json)
  }
}
