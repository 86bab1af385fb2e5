import Glibc
public import Logging
import Messaging
import Platform
import Quantities
public import ServiceLifecycle
import UnixSignals
import WireFormat

/// The daemon's one actor: starts the threads, watches them, answers on the control socket, reloads, tells systemd and
/// subscribers how things are, and stops everything in order.
///
/// Start: sockets, perception, capture, reload, then READY, camera or not. Stop: reload, capture, mailbox, perception,
/// odometry, sockets.
public actor Supervisor: Service {
  /// Given up when the daemon has started, with the model in it.
  private var start: StartConfiguration?
  private let environment: [String: String]
  private let level: LogThreshold
  private let hangups: Counter
  private let logger: Logger

  /// How often sockets are polled and states compared.
  private static let tick = Duration.milliseconds(50)
  /// How long threads may take to end.
  private static let patienceSeconds = 3.0

  /// - Parameters:
  ///   - level: changed by reloads.
  ///   - hangups: counts SIGHUP; each asks for a reload.
  public init(
    start: StartConfiguration, environment: [String: String], level: LogThreshold, hangups: HangupSignals,
    logger: Logger
  ) {
    self.start = start
    self.environment = environment
    self.level = level
    self.hangups = hangups.count
    self.logger = logger
  }

  /// Runs until the service group shuts down gracefully.
  /// - Throws: `DaemonError` when the daemon cannot start.
  public func run() async throws {
    let notifier = SystemdNotifier(environment: environment)
    guard let running = start?.running else { return }
    start = nil
    let crew = try Crew(settings: running.settings, model: running.model, logger: logger)
    let reporter: StatusReporter
    let control: ControlServer<ControlContext>
    do {
      reporter = try StatusReporter(running: running, crew: crew, notifier: notifier, logger: logger)
      control = try Self.makeControl(crew, running.settings.endpoints)
    } catch {
      crew.stop()
      throw error
    }
    let reload = ReloadCoordinator(
      running: running, crew: crew, reporter: reporter, notifier: notifier, level: level, logger: logger)
    notifier.ready()
    logger.info("ready: \(running.settings.sourceText) on \(running.settings.endpoints.directory.path)")
    let scale = ScaleClerk(keeper: crew.scale, reporter: reporter, logger: logger)
    let context = ControlContext(reporter: reporter, reload: reload, scale: scale)
    // One that came while the daemon started asks for a reload too.
    var seenHangups: UInt64 = 0
    while !Task.isShuttingDownGracefully && !Task.isCancelled {
      reporter.turn()
      scale.turn()
      if hangups.value != seenHangups {
        seenHangups = hangups.value
        reload.request(ReloadJob(trigger: .signal))
      }
      reload.turn()
      serve(control, context)
      // Cut short by the shutdown, which the loop's condition sees.
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.tick) }
    }
    notifier.stopping()
    let deadline = ExitDeadline(seconds: Self.patienceSeconds, logger: logger)
    reporter.finish()
    reload.finish()
    crew.stop()
    scale.finish()
    deadline.finish()
    logger.info("stopped")
  }

  private static func makeControl(
    _ crew: Crew, _ endpoints: EndpointSettings
  ) throws(DaemonError) -> ControlServer<ControlContext> {
    do {
      return try ControlServer(
        crew.context, endpoint: endpoints.directory.control, handlers: ControlHandler.all)
    } catch { throw .messaging(error) }
  }

  /// Requests must never stop depth: a socket's failure is logged and the next round tries again.
  private func serve(_ control: ControlServer<ControlContext>, _ context: ControlContext) {
    do { try control.turn(context) } catch { logger.warning("\(error)") }
  }
}

/// Counts SIGHUP, which asks for a reload.
public struct HangupSignals: Service {
  let count = Counter()
  private let signals: UnixSignalsSequence

  /// From now on the signal ends the process no more; it is counted when `run` is running.
  public init() async {
    signals = await UnixSignalsSequence(trapping: .sighup)
  }

  public func run() async {
    for await _ in signals.cancelOnGracefulShutdown() { count.add() }
  }
}
