import Foundation
import Platform
package import Quantities

/// The text of the configuration that ran last, kept in the state folder so that a broken file does not keep a
/// robot from seeing.
///
/// Its first line names the file it came from: daemons with other files never run it.
package struct LastGoodConfiguration: Sendable {
  package static let fileName = "config.last-good.toml"

  /// Stores the text of the configuration at `path` whole or not at all.
  package static func save(_ text: String, of path: String, stateDirectory: String) throws(SystemErrno) {
    try AtomicFile.write((firstLine(path) + text).utf8, to: stateDirectory + "/" + fileName)
  }

  /// The text stored for the configuration at `path`; nil if there is none.
  package static func load(of path: String, stateDirectory: String) -> String? {
    guard let stored = try? TextFile.read(stateDirectory + "/" + fileName) else { return nil }
    let line = firstLine(path)
    return stored.hasPrefix(line) ? String(stored.dropFirst(line.count)) : nil
  }

  private static func firstLine(_ path: String) -> String {
    "# ran last, from \(URL(fileURLWithPath: path).standardizedFileURL.path)\n"
  }

  /// The state folder that a broken configuration names, as far as it can be read; nil if it names none.
  ///
  /// Reads `directory = "…"` below `[state]`, whatever is wrong around it.
  package static func salvageStateDirectory(from text: String) -> String? {
    var isInTable = false
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.trimmingPrefix(while: \.isWhitespace)
      if words.hasPrefix("[") {
        isInTable = words.hasPrefix("[state]")
      } else if isInTable, words.hasPrefix("directory") {
        let parts = words.split(separator: "\"", omittingEmptySubsequences: false)
        guard parts.count >= 3, !parts[1].isEmpty else { return nil }
        return String(parts[1])
      }
    }
    return nil
  }
}
