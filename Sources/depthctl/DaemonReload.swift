// Has the running daemon read its files again, for commands that have changed one of them.
import Quantities
import WireFormat

struct DaemonReload {
  private let options: ClientOptions

  /// Longer than the daemon takes to give up: what it did must be known before a file is put back.
  private static let patienceSeconds = 240.0

  init(_ options: ClientOptions) {
    self.options = options
  }

  /// Returns what the daemon says when it took everything over.
  /// - Throws: when it refused, with its reasons, or did not answer.
  func run() throws -> String {
    let answer = try options.ask(ReloadRequest(), seconds: Self.patienceSeconds)
    guard answer.exitCode == 0 else { throw ReloadRefused(answer: answer) }
    return "reload: \(answer.text)"
  }
}

/// The daemon goes on with what it had.
struct ReloadRefused: ReportableError {
  let answer: ReloadAnswer

  var severity: ErrorSeverity { .stop }
  var description: String {
    let why = [answer.verdict.words] + answer.reasons
    return "the daemon did not take it over (\(why.joined(separator: "; ")))"
  }
}
