import Logging
import Messaging
import Platform
import Quantities
import WireFormat

/// The thread of range points: messages from a ZeroMQ endpoint into the inbox.
///
/// It owns the subscribing socket. What wakes it: a message, or a fifth of a second without one. What stops it: the
/// flag. What it drops: messages it cannot use, counted by reason.
struct RangeLoop: Sendable {
  let context: MessagingContext
  let input: DaemonSettings.RangeInput
  let inbox: RangeInbox
  let status: RangeStatus
  let stop: StopFlag
  let logger: Logger

  private static let patienceMilliseconds = 200

  func run() {
    let subscriber: RangeSubscriber
    do { subscriber = try RangeSubscriber(context, endpoint: input.endpoint, topic: input.topic) } catch {
      status.note(failure: error.description)
      return logger.error("\(error)")
    }
    var scan = SensorScan()
    while !stop.isRaised {
      subscriber.receive(milliseconds: Self.patienceMilliseconds) { bytes in scan = take(bytes, scan) }
    }
  }

  /// - Parameter scan: to be filled.
  /// - Returns: the one to fill next.
  private func take(_ bytes: UnsafeRawBufferPointer, _ scan: SensorScan) -> SensorScan {
    do {
      let clock = ClockWatch()
      let message = try RangeMessage(parsing: bytes, monotonicFromRealtime: -clock.offsetNanoseconds)
      switch inbox.admit(frame: message.frame, stamp: message.time, now: MonotonicTime.now()) {
      case .refused(let refusal): reject(refusal.reason, refusal.text(frame: message.frame))
      case .admitted(let ticket):
        status.accept(scan.fill(message, bytes, time: ticket.time))
        return inbox.put(scan, for: ticket) ?? SensorScan()
      }
    } catch { reject(.unreadable, error.description) }
    return scan
  }

  private func reject(_ reason: RangeRejection, _ text: String) {
    if status.reject(reason, text) { logger.warning("range points: \(text)") }
  }
}
