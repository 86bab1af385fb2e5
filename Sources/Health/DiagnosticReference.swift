/// docs/codes.md: the index of all codes.
public enum DiagnosticReference {
  public static var markdown: String {
    var lines = [
      "# Codes",
      "",
      "Every code that `health/`, events and `depthctl doctor` use, generated from the program's own catalogue by",
      "`depthctl why --markdown`. `depthctl why CODE` prints one of them.",
      "",
      "Levels: OK works; off is not configured or has nothing to do; WARN works, look at it; STALE spoke too long ago;",
      "ERROR does not work.",
    ]
    for component in HealthComponent.allCases {
      lines += [
        "", "## \(component.rawValue)", "", "| code | level | what is so | what to do |", "|---|---|---|---|",
      ]
      for code in DiagnosticCode.allCases where code.explanation.component == component {
        let entry = code.explanation
        lines.append(
          "| `\(code.rawValue)` | \(entry.level.label) | \(sentence(entry.cause)) | \(entry.remedy) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
