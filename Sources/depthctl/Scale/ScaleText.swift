// The scale's answers as lines for people.
import Foundation
import Quantities
import WireFormat

enum ScaleText {
  static func report(_ answer: ScaleAnswer, asJSON: Bool) throws {
    if asJSON { return try printJSON(answer) }
    print(lines(answer).joined(separator: "\n"))
  }

  static func printJSON(_ answer: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(answer), as: UTF8.self))
  }

  static func lines(_ answer: ScaleAnswer) -> [String] {
    var lines = [
      "scale     \(text(answer.value)) m per unit, sigma \(percent(answer.sigma)), \(answer.state)"
        + "\(answer.state == "converging" ? " \(answer.progressPercent) %" : "")",
      "from      \(answer.sources.joined(separator: ", "))"
        + "\(answer.ageSeconds.map { ", confirmed \(seconds($0)) ago" } ?? "")",
    ]
    if let reason = answer.reason { lines.append("but       \(reason)") }
    if let value = answer.filterValue, let sigma = answer.filterSigma, let accepted = answer.accepted {
      lines.append(
        "filter    \(text(value)), sigma \(percent(sigma)), \(accepted) observations, "
          + "\(answer.outliers ?? 0) outliers, \(answer.restarts ?? 0) restarts, \(answer.slips ?? 0) slips")
    }
    for observer in answer.observers ?? [] { lines.append(line(observer)) }
    if let height = answer.height { lines.append(line(height)) }
    return lines
  }

  private static func line(_ observer: ScaleAnswer.Observer) -> String {
    let name = observer.source.padding(toLength: 12, withPad: " ", startingAt: 0)
    if observer.verdict == "none" { return name + (observer.reason ?? "silent") }
    var parts = ["\(observer.passed) used, \(observer.rejected) not"]
    if let value = observer.value, let sigma = observer.sigma {
      parts.append("says \(text(value)) (\(percent(sigma))), \(observer.verdict)")
    }
    if let age = observer.ageSeconds { parts.append("\(seconds(age)) ago") }
    if let reason = observer.reason { parts.append("last: \(reason)") }
    return name + parts.joined(separator: "; ")
  }

  private static func line(_ height: ScaleAnswer.Height) -> String {
    var parts = ["\(height.passed) used, \(height.rejected) not"]
    if let meters = height.meters, let sigma = height.sigma, let pitch = height.pitchDegrees {
      parts.append(
        String(format: "%.2f m (%.1f %%), pitch %.1f deg", meters, 100 * sigma, pitch)
          + String(format: "; configured %.2f m, ", height.configuredMeters) + height.verdict)
    }
    if let reason = height.reason { parts.append("last: \(reason)") }
    return "camera      " + parts.joined(separator: "; ")
  }

  static func line(_ entry: ScaleHistoryRequest.Entry) -> String {
    let time = EventTime.text(WallTime(nanoseconds: Int64(entry.time * 1e9)))
    let state = entry.state.padding(toLength: 11, withPad: " ", startingAt: 0)
    return "\(time) \(state)\(text(entry.value)) sigma \(percent(entry.sigma)) from "
      + entry.sources.joined(separator: ", ") + (entry.reason.map { "; \($0)" } ?? "")
  }

  private static func text(_ value: Double) -> String { String(format: "%.4g", value) }
  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
  private static func seconds(_ value: Double) -> String {
    value < 10 ? String(format: "%.1f s", value) : "\(Int(value)) s"
  }
}
