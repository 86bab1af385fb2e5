package import Configuration
import Foundation
import Glibc
import Platform
package import Quantities

/// Values that commands (`depthctl model exchange`, `calib apply`) put in the place of the configuration file's own.
///
/// The daemon cannot write its configuration file, so these live in the state folder. Each holds for as long as the
/// file says what it said when the command was given: whoever edits the file has the last word.
package struct ConfigurationOverrides: Codable, Equatable, Sendable {
  /// What a command wants.
  package enum Edit: Equatable, Sendable {
    /// Use this instead of what the file says.
    case set(key: String, value: String)
    /// Use what was used before the last `set` or `rollback`.
    case rollback(key: String)

    var key: String {
      switch self {
      case .set(let key, _), .rollback(let key): key
      }
    }
  }

  /// The state of one key. A nil value is the file's own.
  package struct Entry: Codable, Equatable, Sendable {
    /// What the file said, as TOML.
    package var configured: String
    package var value: String?
    package var previous: String?
  }

  /// By key; only keys whose values are paths.
  package private(set) var entries: [String: Entry] = [:]

  package init() {}

  package subscript(key key: String) -> Entry? { entries[key] }

  /// Carries out an edit.
  ///
  /// - Parameter configured: what the file says about the key now, as TOML.
  /// - Returns: false when there is nothing to roll back to.
  package mutating func apply(_ edit: Edit, configured: String) -> Bool {
    // What was said about another file's value is no longer true.
    let present = entries[edit.key].flatMap { $0.configured == configured ? $0 : nil }
    switch edit {
    case .set(let key, let value):
      let isRepeated = present?.value == value
      entries[key] = Entry(
        configured: configured, value: value, previous: isRepeated ? present?.previous : present?.value)
    case .rollback(let key):
      guard let present else { return false }
      entries[key] = Entry(configured: configured, value: present.previous, previous: present.value)
    }
    return true
  }

  /// Puts the values into a configuration that was read from the file.
  ///
  /// - Returns: the keys whose overrides no longer hold, because the file says something new.
  package func put(into configuration: inout Configuration) -> [String] {
    var stale: [String] = []
    for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
      guard configuration.text(ofKey: key) == entry.configured else {
        stale.append(key)
        continue
      }
      if let value = entry.value { configuration.setText(value, ofKey: key) }
    }
    return stale
  }

  /// Forgets what no longer holds.
  package mutating func remove(_ keys: [String]) {
    for key in keys { entries[key] = nil }
  }
}

extension ConfigurationOverrides {
  private static let file = "/overrides.json"

  /// Reads what is stored in a state folder. A file that cannot be read is set aside.
  ///
  /// - Returns: nothing if there is none, or none that can be read; the latter has `damage`, which says what was wrong.
  package static func load(stateDirectory: String) -> (overrides: ConfigurationOverrides, damage: String?) {
    let path = stateDirectory + file
    let reason: String
    do throws(TextFile.Failure) {
      let text = try TextFile.read(path)
      do { return (try JSONDecoder().decode(ConfigurationOverrides.self, from: Data(text.utf8)), nil) } catch
      {
        reason = "it does not hold what depthd writes"
      }
    } catch {
      guard case .unreadable(let found) = error else { return (ConfigurationOverrides(), nil) }
      reason = found
    }
    let isMoved = rename(path, path + ".damaged") == 0
    let damage =
      "what commands put in the place of its values is lost, since \(path) is damaged: \(reason); "
      + (isMoved ? "it was set aside as \(path).damaged" : "remove it")
    return (ConfigurationOverrides(), damage)
  }

  /// Stores them whole or not at all.
  package func save(stateDirectory: String) throws(SystemErrno) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    guard let data = try? encoder.encode(self) else { return }
    try AtomicFile.write(data, to: stateDirectory + Self.file)
  }
}
