import ArgumentParser
import Configuration
import DepthDaemon
import Foundation
import Logging
import Platform
import ServiceLifecycle
import UnixSignals

/// The daemon's command line: arguments to values, nothing more.
@main
struct Depthd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "depthd", abstract: "Metric depth from one camera, published over ZeroMQ.",
    version: Version.daemon)

  @Option(help: "The configuration file.")
  var config: String

  @Flag(help: "Check the configuration, the calibration and the model; exit 0 when all is well, else 2.")
  var check = false

  func run() async throws {
    HeapPolicy.returnLargeBlocks()
    let environment = ProcessInfo.processInfo.environment
    if check {
      let report = ConfigurationCheck.run(path: config, environment: environment)
      print(report.text)
      throw report.isPassed ? ExitCode.success : ExitCode(2)
    }
    // Before anything that takes time: a reload asked for meanwhile must not be the daemon's end.
    let hangups = await HangupSignals()
    let start: StartConfiguration
    do { start = try StartConfiguration(path: config, environment: environment) } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      throw ExitCode(2)
    }
    let level = LogThreshold(start.logLevel)
    LoggingSystem.bootstrap { _ in JournalLogHandler(threshold: level, environment: environment) }
    let logger = Logger(label: "depthd")
    let supervisor = Supervisor(
      start: start, environment: environment, level: level, hangups: hangups, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: hangups),
        .init(service: supervisor, successTerminationBehavior: .gracefullyShutdownGroup),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
    group.maximumGracefulShutdownDuration = .seconds(2)
    do { try await ServiceGroup(configuration: group).run() } catch {
      logger.critical("\(error)")
      throw ExitCode(1)
    }
  }
}
