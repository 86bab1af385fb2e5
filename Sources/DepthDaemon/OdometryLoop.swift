import Logging
import Messaging
import Odometry
import Platform
import Quantities
import Synchronization

/// What the odometry thread tells the rest of the daemon.
final class OdometryStatus: Sendable {
  let accepted = Counter()
  let rejected = Counter()
  private let storage = Mutex<String?>(nil)

  /// Why the last message was refused, or why the endpoint cannot be reached; nil when all is well.
  var problem: String? { storage.withLock { $0 } }

  /// Returns whether that is news.
  func note(_ problem: String?) -> Bool {
    storage.withLock { present in
      defer { present = problem }
      return present != problem
    }
  }
}

/// The odometry thread: JSON messages from a ZeroMQ endpoint into the inbox.
///
/// It owns the subscribing socket. What wakes it: a message, or a fifth of a second without one. What stops
/// it: the flag. What it drops: messages it cannot read, counted.
struct OdometryLoop: Sendable {
  let context: MessagingContext
  let endpoint: String
  let inbox: OdometryInbox
  let status: OdometryStatus
  let stop: StopFlag
  let logger: Logger

  private static let patienceMilliseconds = 200

  func run() {
    let subscriber: OdometrySubscriber
    do { subscriber = try OdometrySubscriber(context, endpoint: endpoint) } catch {
      if status.note(error.description) { logger.error("\(error)") }
      return
    }
    while !stop.isRaised {
      _ = subscriber.receive(milliseconds: Self.patienceMilliseconds) { bytes in accept(bytes) }
    }
  }

  private func accept(_ bytes: UnsafeRawBufferPointer) {
    do {
      let clock = ClockWatch()
      let message = try Odometry.OdometryMessage(
        parsing: bytes, monotonicFromRealtime: -clock.offsetNanoseconds)
      inbox.add(message.sample)
      status.accepted.add()
      _ = status.note(nil)
    } catch {
      status.rejected.add()
      if status.note(error.description) { logger.warning("\(error)") }
    }
  }
}
