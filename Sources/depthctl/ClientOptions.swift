// What every command that talks to a running daemon has in common.
import ArgumentParser
import DepthClient
import Messaging
import Platform
import Quantities
import WireFormat

struct ClientOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Directory of the daemon's sockets.",
      discussion:
        "Default: $DEPTHD_DIRECTORY, $RUNTIME_DIRECTORY, /run/depthd, $XDG_RUNTIME_DIR/depthd or /tmp/depthd-UID."
    ))
  var endpoint: String?

  var directory: EndpointDirectory { .standard(option: endpoint) }

  /// Sends a request to the daemon and waits for its answer.
  func ask<Request: ControlRequest>(
    _ request: Request, seconds: Double = 2
  ) throws -> Request.Answer where Request.Answer: Decodable {
    try reportingAbsence { try DaemonControl(directory).ask(request, milliseconds: Int(seconds * 1000)) }
  }

  /// The same, with the answer's JSON object as it came.
  func askJSON(_ request: some ControlRequest, seconds: Double = 2) throws -> [UInt8] {
    try reportingAbsence { try DaemonControl(directory).askJSON(request, milliseconds: Int(seconds * 1000)) }
  }

  /// Says "no daemon" when there is none, and that it is slow when it is there.
  private func reportingAbsence<Answer>(_ ask: () throws -> Answer) throws -> Answer {
    do { return try ask() } catch DepthClientError.messaging(.noReply) {
      let isThere = (try? DaemonControl(directory).askJSON(StatusRequest(), milliseconds: 1000)) != nil
      throw isThere
        ? ClientCommandError.noAnswer(directory: directory.path)
        : ClientCommandError.noDaemon(directory: directory.path)
    }
  }
}

/// What went wrong between a command and the daemon.
enum ClientCommandError: ReportableError {
  case noDaemon(directory: String)
  case noAnswer(directory: String)
  case noSuchCamera(String, known: [String])
  case nothingReceived(topic: String, directory: String)
  case unwritable(path: String, reason: String)

  var severity: ErrorSeverity { .stop }

  var description: String {
    switch self {
    case .noDaemon(let directory):
      "no daemon answers in \(directory). Start depthd, or name its directory with --endpoint."
    case .noAnswer(let directory):
      "the daemon in \(directory) is there but did not answer in time. Ask for longer with --timeout, or see its log."
    case .noSuchCamera(let camera, let known):
      "the daemon has no camera \"\(camera)\"; it has \(known.joined(separator: ", "))."
    case .nothingReceived(let topic, let directory):
      "nothing came on \(topic) from \(directory). Is the camera delivering? See depthctl status."
    case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}

extension DepthClient {
  /// The daemon's first camera, or the one named; waits for the daemon to introduce itself.
  func camera(named name: String?, milliseconds: Int) throws -> String {
    let deadline = MonotonicTime.now() + Int64(milliseconds) * 1_000_000
    while MonotonicTime.now() < deadline, !Interrupt.isRequested {
      if let info = status.info {
        let names = info.cameras.map(\.name)
        guard let name else { return names.first ?? "front" }
        guard names.contains(name) else { throw ClientCommandError.noSuchCamera(name, known: names) }
        return name
      }
      Interrupt.pause(milliseconds: 20)
    }
    throw ClientCommandError.noDaemon(directory: endpoints.control)
  }
}
