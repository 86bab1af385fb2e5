// `depthctl events`: what happened lately, from before the daemon's last start too.
import ArgumentParser
import DepthClient
import DepthDaemon
import Foundation
import Messaging
import Quantities
import WireFormat

struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Show the last events, oldest first.",
    discussion: "The last 200 are kept on disk. Without a daemon, --state or --config says where.")

  @OptionGroup var options: ClientOptions
  @Option(help: "How many.") var count = 20
  @Option(help: "Read the log in this state folder instead of asking the daemon.") var state: String?
  @Option(help: "Read the log in the state folder of this configuration.") var config: String?
  @Flag(help: "Print each event's JSON, one per line.") var json = false

  func run() throws {
    let events = try read().suffix(max(0, count))
    for event in events { print(json ? Self.json(event) : Self.line(event)) }
    if events.isEmpty, !json { print("nothing has happened yet") }
  }

  private func read() throws -> [EventMessage] {
    if let folder = try offlineFolder() {
      let log = EventLog.read(folder + "/" + EventLog.fileName)
      if let problem = log.problem {
        FileHandle.standardError.write(Data("warning: \(folder)/\(EventLog.fileName): \(problem)\n".utf8))
      }
      return log.lines.compactMap { try? JSONDecoder().decode(EventMessage.self, from: Data($0.utf8)) }
    }
    return try options.ask(EventsRequest(count: min(count, EventLog.limit))).events
  }

  private func offlineFolder() throws -> String? {
    if let state { return state }
    guard let config else { return nil }
    return try CalibrationPlace(
      configuration: config, environment: ProcessInfo.processInfo.environment
    ).stateDirectory
  }

  static func line(_ event: EventMessage) -> String {
    let level =
      switch event.level {
      case .info: "    "
      case .warning: "WARN"
      case .error: "ERR "
      }
    return "\(EventTime.text(event.stamp)) \(level) \(padded(event.code, 20)) \(event.text)"
  }

  private static func json(_ event: EventMessage) -> String {
    var writer = ByteWriter()
    event.encodeObject(into: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

/// Local times for people.
enum EventTime {
  static func text(_ time: WallTime, isShort: Bool = false) -> String {
    let format = DateFormatter()
    format.dateFormat = isShort ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss"
    return format.string(from: Date(timeIntervalSince1970: Double(time.nanoseconds) * 1e-9))
  }
}
