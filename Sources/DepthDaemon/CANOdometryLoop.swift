import CANBus
import CANSignals
import Logging
import Odometry
import Platform
import Quantities

/// The odometry thread of a robot whose wheels speak on a CAN bus: frames into the inbox.
///
/// It owns the link, and by it the socket. What wakes it: a frame, or a fifth of a second without one. What stops it:
/// the flag. What it drops: frames it cannot use, counted.
struct CANOdometryLoop: Sendable {
  let interface: String
  let layout: CANOdometryLayout
  let inbox: OdometryInbox
  let status: OdometryStatus
  let stop: StopFlag
  let logger: Logger

  private static let patienceNanoseconds: Int64 = 200_000_000

  func run() {
    var worker = CANOdometryWorker(loop: self)
    while !stop.isRaised { worker.turn(until: MonotonicTime.now() + Self.patienceNanoseconds) }
    status.note(bus: nil)
    status.note(nil)
  }
}

/// The thread's own state.
private struct CANOdometryWorker {
  private let loop: CANOdometryLoop
  private let link: CANLink
  private var odometry: CANOdometry
  private var nextReport = MonotonicTime(nanoseconds: 0)
  private var lastFault: MonotonicTime?

  /// How often counters are shown to others, and how long the last unusable frame is worth a word.
  private static let reportInterval: Int64 = 200_000_000
  private static let faultMemory: Int64 = 10_000_000_000

  init(loop: CANOdometryLoop) {
    self.loop = loop
    link = CANLink(interface: loop.interface, identifiers: loop.layout.identifiers)
    odometry = CANOdometry(loop.layout)
  }

  mutating func turn(until deadline: MonotonicTime) {
    switch link.next(until: deadline) {
    case .frame(let frame): take(frame)
    case .timeout: break
    case .changed: announce()
    }
    let now = MonotonicTime.now()
    guard now >= nextReport else { return }
    nextReport = now + Self.reportInterval
    if let lastFault, now - lastFault > Self.faultMemory { loop.status.note(nil) }
    report()
  }

  private mutating func take(_ frame: CANFrame) {
    switch odometry.take(frame) {
    case .sample(let sample):
      loop.inbox.add(sample)
      loop.status.accepted.add()
    case .taken, .foreign: break
    case .fault(let fault):
      loop.status.rejected.add()
      switch fault {
      case .counterJumped, .counterRepeated: loop.status.counterFaults.add()
      case .tooShort, .flaggedInvalid, .outOfRange: break
      }
      // A bus has a hundred frames in a second: the log gets one line for each fault that lasts.
      let isFirst = lastFault.map { frame.time - $0 > Self.faultMemory } ?? true
      lastFault = frame.time
      if loop.status.note(fault.description), isFirst { loop.logger.warning("\(fault)") }
    }
  }

  /// Says how the link is now: at once, since a person may wait for it.
  private func announce() {
    if let fault = link.fault {
      loop.logger.warning("\(fault)")
    } else {
      loop.logger.info("listening on \(loop.interface)")
    }
    report()
  }

  private func report() {
    loop.status.note(
      bus: OdometryStatus.BusReport(
        interface: loop.interface, fault: link.fault, link: link.counts, signals: odometry.counts))
  }
}
