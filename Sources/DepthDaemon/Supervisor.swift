import Glibc
import ImageBuffers
public import Logging
import Messaging
import ModelBundle
import Platform
import Quantities
public import ServiceLifecycle
import WireFormat

/// The daemon's one actor: starts the threads, watches them, answers on the control socket, tells systemd and
/// subscribers how things are, and stops everything in order.
///
/// Start: model, sockets, perception, capture, then READY, camera or not. Stop: capture, mailbox, perception,
/// odometry, sockets.
public actor Supervisor: Service {
  private let settings: DaemonSettings
  private let environment: [String: String]
  private let logger: Logger

  /// How often sockets are polled and states compared.
  private static let tick = Duration.milliseconds(50)

  public init(settings: DaemonSettings, environment: [String: String], logger: Logger) {
    self.settings = settings
    self.environment = environment
    self.logger = logger
  }

  /// Runs until the service group shuts down gracefully.
  /// - Throws: `DaemonError` when the daemon cannot start.
  public func run() async throws {
    let notifier = SystemdNotifier(environment: environment)
    let crew = try Crew(settings: settings, logger: logger)
    let reporter: StatusReporter
    let control: ControlServer<ControlContext>
    do {
      reporter = try StatusReporter(settings: settings, crew: crew, notifier: notifier, logger: logger)
      control = try Self.makeControl(crew, settings.endpoints)
    } catch {
      crew.stop()
      throw error
    }
    notifier.ready()
    logger.info("ready: \(settings.sourceText) on \(settings.endpoints.directory.path)")
    while !Task.isShuttingDownGracefully && !Task.isCancelled {
      reporter.turn()
      serve(control, ControlContext(reporter: reporter))
      // Cut short by the shutdown, which the loop's condition sees.
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.tick) }
    }
    notifier.stopping()
    crew.stop()
    reporter.finish()
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
