import Capture
import DepthDaemon
import Glibc
import ImageBuffers
import Logging
import Platform
import Quantities
import Synchronization

/// A source that does as it is told, and counts what is done with it.
final class ScriptedSource: FrameSource {
  /// What it delivers, one after the other; the last one again and again.
  enum Delivery: Sendable {
    case frame, silence, damage, absence, end
  }

  /// What a test sees of all sources of one kind.
  final class Record: Sendable {
    let opened = Counter()
    let closed = Counter()
    /// Openings while another one was open.
    let overlaps = Counter()
    var isOpen: Bool { opened.value > closed.value }
  }

  static let size = ImageSize(width: 64, height: 48)
  static let absence = CaptureError.badSource(source: "test", reason: "it went away")

  let frameSize = ScriptedSource.size
  let carriesTruth = false
  let nominalRateHz = 200.0
  private let script: [Delivery]
  private let speed: Double
  private let record: Record
  private var position = 0

  /// - Parameter speed: of every odometry sample it carries.
  init(_ script: [Delivery], speed: Double, record: Record) {
    self.script = script
    self.speed = speed
    self.record = record
    if record.isOpen { record.overlaps.add() }
    record.opened.add()
  }

  deinit { record.closed.add() }

  func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome {
    usleep(5000)
    let delivery = script[min(position, script.count - 1)]
    position += 1
    switch delivery {
    case .frame:
      lease.frame.metadata.captureTime = .now()
      return .frame
    case .silence: return .timeout
    case .damage: return .corrupt(.badSource(source: "test", reason: "half a picture"))
    case .absence: return .unavailable(Self.absence)
    case .end: return .ended
    }
  }

  func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample] {
    [OdometrySample(time: time, speedMetersPerSecond: speed, yawRateRadiansPerSecond: 0)]
  }
}

extension SourceChoice {
  static func scripted(
    _ script: [ScriptedSource.Delivery], speed: Double = 0, isDevice: Bool = false,
    patienceSeconds: Double = 60,
    record: ScriptedSource.Record = ScriptedSource.Record()
  ) -> SourceChoice {
    SourceChoice(
      open: { _ in ScriptedSource(script, speed: speed, record: record) }, isDevice: isDevice,
      firstFramePatienceNanoseconds: Int64(patienceSeconds * 1e9))
  }

  static var unopenable: SourceChoice {
    SourceChoice(
      open: { (_) throws(CaptureError) in throw ScriptedSource.absence },
      firstFramePatienceNanoseconds: 60_000_000_000)
  }
}

/// The capture thread alone; the test is perception and reload.
final class CaptureRig {
  let channels = ReloadChannels()
  private let mailbox = Mailbox<FrameLease>()
  private let stop = StopFlag()
  private let used: UsedSpeeds
  private let thread: WorkerThread

  static let patience: Int64 = 60_000_000_000

  init(_ first: SourceChoice) {
    let used = UsedSpeeds()
    let loop = CaptureLoop(
      firstSource: first, mailbox: mailbox, channels: channels, useOdometry: { used.add($0) }, stop: stop,
      logger: Logger(label: "test"))
    self.used = used
    thread = WorkerThread(name: "capture") { loop.run() }
  }

  /// Of the odometry samples that were used so far.
  var usedSpeeds: Set<Double> { used.speeds }

  deinit {
    stop.raise()
    mailbox.close()
    thread.join()
  }

  /// Hands another source to the capture thread.
  func tryOut(_ choice: SourceChoice, attempt: UInt64 = 1) -> ChangeTicket {
    let ticket = ChangeTicket(triesSource: true)
    channels.sourceChanges.put(SourceChange(ticket: ticket, attempt: attempt, source: choice))
    return ticket
  }

  /// The number of the source that delivers the next frame; nil when none comes for a while.
  func nextAttempt(patience: Int64 = CaptureRig.patience) -> UInt64? {
    guard let lease = mailbox.take(until: .now() + patience) else { return nil }
    return lease.frame.metadata.sourceAttempt
  }

  /// Whether a frame of a source comes, after no matter how many of others.
  func delivers(_ attempt: UInt64) -> Bool {
    let deadline = MonotonicTime.now() + Self.patience
    while MonotonicTime.now() < deadline, let found = nextAttempt() {
      if found == attempt { return true }
    }
    return false
  }
}

private final class UsedSpeeds: Sendable {
  private let storage = Mutex<Set<Double>>([])

  var speeds: Set<Double> { storage.withLock { $0 } }

  func add(_ sample: OdometrySample) {
    storage.withLock { _ = $0.insert(sample.speedMetersPerSecond) }
  }
}

extension ChangeTicket {
  /// The state after the one given, or that one when nothing happens for a minute.
  func state(after state: State) -> State { wait(while: state, until: .now() + CaptureRig.patience) }

  /// Why it was withdrawn, once it is settled; nil when it was not.
  func reason(after state: State = .sourceOnTrial) -> String? {
    if case .withdrawn(let reason) = self.state(after: state) { reason } else { nil }
  }
}
