import ModelBundle
import DepthPipeline
import Health
import Glibc
import Logging
import Messaging
import Platform
import PriorFusion
import Quantities
import WireFormat

/// Tells everybody how the daemon is: `status` topics, systemd, the event log.
///
/// Owned by the supervisor and called a few times a second; never on the frame's path.
final class StatusReporter {
  /// What runs: replaced by a reload.
  private(set) var running: RunningConfiguration
  let crew: Crew
  private let notifier: SystemdNotifier
  private let logger: Logger
  private let publisher: StatusPublisher
  private(set) var events: EventRecorder
  private var watchdog = WatchdogPolicy()
  private(set) var health: HealthMeter
  var settings: DaemonSettings { running.settings }
  private var lastHealth = MonotonicTime(nanoseconds: 0)
  private var lastFeed = MonotonicTime(nanoseconds: 0)
  let started = MonotonicTime.now()

  private static let healthInterval: Int64 = 1_000_000_000

  /// Binds the status socket and opens the event log.
  /// - Throws: `.messaging`, `.unwritableFolder`.
  init(
    running: RunningConfiguration, crew: Crew, notifier: SystemdNotifier, logger: Logger
  ) throws(DaemonError) {
    self.running = running
    let settings = running.settings
    self.crew = crew
    self.notifier = notifier
    self.logger = logger
    let endpoints = settings.endpoints
    do {
      publisher = try StatusPublisher(
        crew.context, endpoints: endpoints.status, allowInsecure: endpoints.allowInsecure)
    } catch { throw .messaging(error) }
    events = try EventRecorder(stateDirectory: settings.stateDirectory, camera: settings.pipeline.cameraName)
    health = HealthMeter(running: running)
    announce()
    if let damage = events.log.damage {
      logger.warning("the event log was damaged and set aside: \(damage)")
      record(.eventsSetAside, damage)
    }
    record(.daemonStarted, "depthd \(Version.daemon) started with \(settings.sourceText)")
    if let fallback = running.fallback {
      record(.configurationFallback, fallback)
      logger.error("\(fallback)")
    }
    if let failure = running.priorsFailure {
      record(.bankFailed, failure)
      logger.error("\(failure)")
    }
  }

  /// Takes in what a reload has put in place of the old configuration, and tells everybody.
  func adopt(_ running: RunningConfiguration) {
    let wasCalibrated = settings.calibration != nil
    self.running = running
    health.running = running
    if wasCalibrated, running.settings.calibration == nil {
      publisher.forgetCalibration(ofCamera: running.settings.pipeline.cameraName)
    }
    announce()
  }

  /// One round; called every few tens of milliseconds.
  func turn() {
    let now = MonotonicTime.now()
    attempt { () throws(MessagingError) in _ = try publisher.poll() }
    for event in events.changes(capture: crew.capture.state, failure: crew.perception.snapshot.failure) {
      publish(event)
    }
    publishOdometry()
    if now - lastHealth >= Self.healthInterval {
      lastHealth = now
      reportHealth(at: now)
    }
    feedWatchdog(at: now)
  }

  /// Says good-bye to whoever listens.
  func finish() {
    record(.daemonStopping, "depthd stops")
  }

  /// What newcomers are told: what runs and how the camera is calibrated.
  private func announce() {
    let camera = settings.pipeline.cameraName
    let kinds = TopicKind.allCases.filter { $0.channel == .frames }
    let info = InfoMessage(
      softwareVersion: Version.daemon, bootID: settings.pipeline.bootID, processID: Int(getpid()),
      generation: settings.pipeline.generation,
      model: DepthHeader.Model(
        name: running.model.name, hash: running.model.hash, bank: running.model.priors?.id),
      cameras: [
        InfoMessage.Camera(
          name: camera, source: settings.sourceText,
          rateHz: settings.nominalRateHz > 0 ? settings.nominalRateHz : nil,
          topics: kinds.map { "\(camera)/\($0.rawValue)/" })
      ])
    attempt { () throws(MessagingError) in try publisher.send(info) }
    guard let calibration = settings.calibration else { return }
    let message = CalibrationMessage(
      camera: camera, frameID: settings.pipeline.frameID, calibrationID: settings.pipeline.calibrationID,
      calibration: calibration)
    attempt { () throws(MessagingError) in try publisher.send(message) }
  }

  private func publishOdometry() {
    let samples = crew.odometry.takeUnpublished()
    guard !samples.isEmpty else { return }
    for sample in samples {
      attempt { () throws(MessagingError) in
        try publisher.send(OdometryMessage(sample: sample, bootID: settings.pipeline.bootID))
      }
    }
  }

  private func reportHealth(at now: MonotonicTime) {
    let message = health.measure(
      crew: crew, at: now, uptimeNanoseconds: now - started, eventLogProblem: events.log.failure)
    attempt { () throws(MessagingError) in try publisher.send(message) }
    let rate = message.rateHz.map { "\(Int(($0 * 10).rounded()) / 10) fps" } ?? "no frames"
    notifier.status(
      "\(message.camera): \(message.verdict.rawValue), \(rate)\(message.reason.map { "; " + $0 } ?? "")")
    for event in events.changes(components: health.findings) { publish(event) }
    if let event = events.change(health: message) { publish(event) }
  }

  private func feedWatchdog(at now: MonotonicTime) {
    guard let interval = notifier.watchdogIntervalSeconds, now - lastFeed >= Int64(interval * 0.3e9) else {
      return
    }
    lastFeed = now
    let snapshot = crew.perception.snapshot
    let observation = WatchdogPolicy.Observation(
      published: crew.perception.published.value, turns: crew.perception.turns.value,
      isStreaming: crew.capture.state == .streaming, hasReportedFailure: snapshot.failure != nil)
    if watchdog.shouldFeed(observation) { notifier.watchdog() }
  }

  func record(_ code: DiagnosticCode, _ text: String) {
    publish(events.make(code, text))
  }

  private func publish(_ event: EventMessage) {
    events.keep(event)
    attempt { () throws(MessagingError) in try publisher.send(event) }
  }

  /// Status must never stop depth: a socket's failure is logged and the next round tries again.
  private func attempt(_ work: () throws(MessagingError) -> Void) {
    do { try work() } catch { logger.warning("\(error)") }
  }
}
