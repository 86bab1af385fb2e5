// `depthctl why`: what a code means and what to do about it.
import ArgumentParser
import Configuration
import Foundation
import Health

struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Explain a code of health, events or doctor.",
    discussion: "Without a code, all of them are listed.")

  @Argument(help: "The code, for example camera_busy.") var code: String?
  @Flag(help: "Print the index of all codes (docs/codes.md) and do nothing else.") var markdown = false
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    if markdown { return print(DiagnosticReference.markdown, terminator: "") }
    guard let code else {
      for code in DiagnosticCode.allCases {
        print(
          "\(padded(code.rawValue, 24)) \(padded(code.explanation.level.label, 6)) \(code.explanation.cause)")
      }
      return
    }
    guard let found = DiagnosticCode(typed: code) else {
      let near = Nearest.match(code, among: DiagnosticCode.allCases.map(\.rawValue))
      throw ValidationError(
        "there is no code \"\(code)\"\(near.map { "; did you mean \($0)?" } ?? "; see depthctl why")")
    }
    let entry = found.explanation
    if json {
      let object = [
        "code": found.rawValue, "component": entry.component.rawValue, "level": entry.level.rawValue,
        "cause": entry.cause, "remedy": entry.remedy,
      ]
      return print(try JSONText.line(object))
    }
    print("\(found.rawValue): \(entry.component.rawValue), \(entry.level.label)")
    print("  so it is   \(entry.cause)")
    if !entry.remedy.isEmpty { print("  do         \(entry.remedy)") }
  }
}
