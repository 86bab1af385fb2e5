// `depthctl doctor`: what is wrong here, and what to do?
import ArgumentParser
import Configuration
import DepthClient
import DepthDaemon
import Foundation
import Health
import Messaging
import Platform
import Quantities
import WireFormat

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Find what keeps depth from being as good as it could be.",
    discussion: """
      Works with and without a running daemon. Run it as root to learn who holds a busy camera. Exits 0 when nothing \
      is to be done, 1 with warnings, 2 with errors.
      """)

  @OptionGroup var options: CalibOptions
  @Flag(help: "Show what is well, too.") var all = false
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let findings = Doctor(
      configurationPath: options.configurationPath, environment: ProcessInfo.processInfo.environment,
      daemon: askDaemon()
    ).examine()
    let errors = findings.filter { $0.level == .error }.count
    let warnings = findings.filter { $0.level.urgency > 0 }.count - errors
    if json {
      print(
        try JSONText.line([
          "configuration": options.configurationPath, "errors": errors, "warnings": warnings,
          "findings": findings.map(\.object),
        ]))
    } else {
      show(findings)
      print(errors + warnings == 0 ? "nothing is to be done" : "\(errors) errors, \(warnings) warnings")
    }
    if errors > 0 { throw ExitCode(2) }
    if warnings > 0 { throw ExitCode(1) }
  }

  private func show(_ findings: [Finding]) {
    for finding in findings.sorted(by: { $0.level.urgency > $1.level.urgency })
    where all || finding.level.urgency > 0 {
      print("\(padded(finding.level.label, 6)) \(padded(finding.code.rawValue, 22)) \(finding.text)")
      let cause = finding.code.explanation.cause
      if finding.level.urgency > 0, cause != finding.text { print(indented("why  ", cause)) }
      if !finding.remedy.isEmpty { print(indented("do   ", finding.remedy)) }
    }
  }

  private func indented(_ word: String, _ text: String) -> String { "       \(word)\(text)" }

  private func askDaemon() -> Doctor.Daemon {
    let directory = options.client.directory
    if let facts = DaemonFacts(directory), let health = facts.health {
      return .answers(health, processID: facts.processID)
    }
    return DaemonFacts.hasSocket(directory) ? .silent : .absent
  }
}

extension Finding {
  /// For `--json`.
  var object: [String: String] {
    [
      "component": component.rawValue, "level": level.rawValue, "code": code.rawValue, "text": text,
      "cause": code.explanation.cause, "remedy": remedy,
    ]
  }
}
