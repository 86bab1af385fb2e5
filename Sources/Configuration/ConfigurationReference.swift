/// The reference of `config.toml`, written from the schema so that it cannot rot.
public enum ConfigurationReference {
  /// The content of `docs/configuration.md`.
  public static var markdown: String {
    var lines = [
      "# Configuration reference",
      "",
      "Every key of `config.toml`. Written by `depthctl check --print-reference`; do not edit by hand.",
      "",
      """
      A file may leave out any key; the default then holds. An unknown key, a wrong type or a value out of \
      range is an error, and `depthctl check` lists all of them with line and column. Relative paths start \
      at the folder of the configuration file.
      """,
      "",
      "Reload classes:",
      "",
      "- `live`: a reload applies it with the next frame.",
      "- `rebuild`: a reload builds a new pipeline beside the running one and swaps them between two frames.",
      "- `restart`: only a restart applies it; a reload says so.",
      "",
      "## Top level",
      "",
    ]
    lines += table(of: "")
    for entry in ConfigurationKey.tables {
      lines += ["", "## [\(entry.name)]", "", entry.documentation]
      let rows = table(of: entry.name)
      if !rows.isEmpty { lines += [""] + rows }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func table(of name: String) -> [String] {
    let keys = ConfigurationKey.all.filter { $0.components.dropLast().joined(separator: ".") == name }
    guard !keys.isEmpty else { return [] }
    let head = ["| key | meaning | allowed | unit | default | reload |", "|---|---|---|---|---|---|"]
    return head
      + keys.map { key in
        let name = key.components.last ?? key.path
        let value = key.defaultText.map { "`\($0)`" } ?? "absent"
        let cells = [
          "`\(name)`", key.documentation, key.allowed, key.unit ?? "", value, key.reload.rawValue,
        ]
        // A bar within a cell would end it.
        return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
      }
  }
}
