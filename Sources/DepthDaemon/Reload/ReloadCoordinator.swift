import Capture
import Configuration
import Health
import Logging
import Platform
import Quantities
import WireFormat

/// The supervisor's side of reloading: takes wishes from all sides, one job at a time to the reload thread, and tells
/// everybody the same verdict.
final class ReloadCoordinator {
  private let crew: Crew
  private let reporter: StatusReporter
  private let notifier: SystemdNotifier
  private let level: LogThreshold
  private let logger: Logger
  private let jobs = Mailbox<ReloadWish>()
  private let results = Mailbox<ReloadResult>()
  private let stop = StopFlag()
  private let thread: WorkerThread
  private var queue: [ReloadWish] = []
  private var active: ReloadWish?
  private var watch: ConfigurationWatch

  init(
    running: RunningConfiguration, crew: Crew, reporter: StatusReporter, notifier: SystemdNotifier,
    level: LogThreshold, logger: Logger
  ) {
    self.crew = crew
    self.reporter = reporter
    self.notifier = notifier
    self.level = level
    self.logger = logger
    watch = ConfigurationWatch(running.loaded)
    let start = Mailbox<RunningConfiguration>()
    start.put(running)
    let loop = ReloadLoop(
      start: start, channels: crew.channels, jobs: jobs, results: results, stop: stop, logger: logger)
    thread = WorkerThread(name: "reload") { loop.run() }
  }

  /// Ends the reload thread; what has not begun is dropped.
  func finish() {
    stop.raise()
    jobs.close()
    crew.channels.close()
    thread.join()
  }

  /// Asks for a job. One that has not begun yet answers everybody who wants the same: it will read the file after
  /// all of them have asked.
  func request(_ job: ReloadJob, _ reply: ControlReply? = nil) {
    let wish = ReloadWish(job, reply)
    if job.edit == nil, let same = queue.firstIndex(where: { $0.job == job }) {
      queue[same].share(wish)
    } else {
      queue.append(wish)
    }
  }

  /// Starts what waits and tells what is done; called a few times a second.
  func turn() {
    if let result = results.takeNow() { tell(result) }
    if watch.isDue(at: MonotonicTime.now()) { request(ReloadJob(trigger: .watch)) }
    queue.removeAll(where: \.isAbandoned)
    guard active == nil, !queue.isEmpty else { return }
    let wish = queue.removeFirst()
    active = wish
    notifier.reloading()
    watch.noteAttempt()
    jobs.put(wish)
  }

  private func tell(_ result: ReloadResult) {
    let wish = active
    active = nil
    if let running = result.running { adopt(running) }
    let answer = result.answer
    logger.log(level: answer.logLevel, "reload (\(answer.trigger)): \(answer.text)")
    reporter.record(answer.code, answer.sentence)
    // systemd first: it must know before the command that waits for the reply ends.
    notifier.ready()
    for reply in wish?.replies ?? [] { reply.answer(answer) }
  }

  private func adopt(_ running: RunningConfiguration) {
    crew.changeOdometry(from: reporter.settings, to: running.settings)
    crew.changeRanges(from: reporter.settings, to: running.settings)
    level.set(running.loaded.configuration.log.level)
    watch.follow(running.loaded, at: MonotonicTime.now())
    reporter.adopt(running)
  }
}

extension ReloadAnswer {
  fileprivate var logLevel: Logger.Level {
    switch verdict {
    case .applied: .notice
    case .unchanged, .applicable: .info
    case .restartNeeded: .warning
    case .refused: .error
    }
  }

  fileprivate var code: DiagnosticCode {
    switch verdict {
    case .applied: .reloadApplied
    case .unchanged: .reloadUnchanged
    case .applicable: .reloadApplicable
    case .restartNeeded: .reloadRestartNeeded
    case .refused: .reloadRefused
    }
  }
}
