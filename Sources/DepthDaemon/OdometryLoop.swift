import Logging
import Messaging
import Odometry
import Platform
import Quantities

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
      status.note(nil)
    } catch {
      status.rejected.add()
      if status.note(error.description) { logger.warning("\(error)") }
    }
  }
}
