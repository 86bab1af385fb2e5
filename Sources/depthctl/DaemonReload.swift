// Has the running daemon read its files again, for commands that have changed one of them.
import DepthClient
import Foundation
import Messaging
import Quantities
import WireFormat

struct DaemonReload {
  private let options: ClientOptions

  /// Plans, models and comparisons take their time.
  private static let patienceSeconds = 60.0

  init(_ options: ClientOptions) {
    self.options = options
  }

  /// Returns what the daemon says when it took everything over.
  /// - Throws: when it refused, with its reasons, or did not answer.
  func run() throws -> String {
    let answer = try options.askJSON(Request(), seconds: Self.patienceSeconds)
    let object = try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] ?? [:]
    let verdict = object["verdict"] as? String ?? "unknown"
    guard ["applied", "unchanged"].contains(verdict) else {
      let reasons = object["reasons"] as? [String] ?? []
      throw ReloadRefused(text: ([verdict] + reasons).joined(separator: "; "))
    }
    return "reload: \(verdict)"
  }

  private struct Request: ControlRequest {
    typealias Answer = JSONValue
    static let name = "reload"
  }
}

/// The daemon goes on with what it had.
struct ReloadRefused: ReportableError {
  let text: String

  var severity: ErrorSeverity { .stop }
  var description: String { "the daemon did not take it over (\(text))" }
}
