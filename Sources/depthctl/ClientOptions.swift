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
}

/// What went wrong between a command and the daemon.
enum ClientCommandError: ReportableError {
  case noDaemon(directory: String)
  case noSuchCamera(String, known: [String])
  case nothingReceived(topic: String, directory: String)
  case refused(code: String, text: String)
  case unwritable(path: String, reason: String)

  var severity: ErrorSeverity { .stop }

  var description: String {
    switch self {
    case .noDaemon(let directory):
      "no daemon answers in \(directory). Start depthd, or name its directory with --endpoint."
    case .noSuchCamera(let camera, let known):
      "the daemon has no camera \"\(camera)\"; it has \(known.joined(separator: ", "))."
    case .nothingReceived(let topic, let directory):
      "nothing came on \(topic) from \(directory). Is the camera delivering? See depthctl status."
    case .refused(let code, let text): "the daemon refused (\(code)): \(text)"
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
