// What `depthctl status` prints for people: the verdict, a line for each component, then every other member.
import Foundation
import Health

enum StatusText {
  static func lines(_ answer: [String: Any]) -> [String] {
    var rest = answer
    var health = answer["health"] as? [String: Any] ?? [:]
    let components = health.removeValue(forKey: "components") as? [[String: Any]] ?? []
    rest["health"] = health
    return [headline(health)] + components.map(line) + [""] + flat(rest)
  }

  private static func headline(_ health: [String: Any]) -> String {
    let camera = health["camera"] as? String ?? "?"
    let verdict = (health["verdict"] as? String ?? "?").uppercased()
    return "\(camera): \(verdict)" + ((health["reason"] as? String).map { ", " + $0 } ?? "")
  }

  private static func line(_ component: [String: Any]) -> String {
    func text(_ key: String) -> String { component[key] as? String ?? "?" }
    let level = HealthLevel(rawValue: text("level"))?.label ?? text("level")
    return padded(text("name"), 12) + padded(level, 6) + padded(text("code"), 24) + text("text")
  }

  /// `key.key  value`, one per line, sorted.
  private static func flat(_ object: [String: Any], prefix: String = "") -> [String] {
    object.keys.sorted().flatMap { key -> [String] in
      let name = prefix.isEmpty ? key : prefix + "." + key
      guard let value = object[key] else { return [] }
      if let inner = value as? [String: Any] { return flat(inner, prefix: name) }
      return [padded(name, 27) + " " + ((value as? String) ?? (try? JSONText.line(value)) ?? "?")]
    }
  }
}
