/// How a component is, from well to worst; the raw values are the wire's words.
public enum HealthLevel: String, CaseIterable, Sendable {
  /// Works as intended.
  case ok
  /// Not configured, or not there to work: nothing is claimed about it.
  case off
  /// Works, and somebody should look at it.
  case warning
  /// Its last word is too old to go by.
  case stale
  /// Does not work.
  case error

  /// Grows with how much a person should care; `ok` and `off` ask for nothing.
  public var urgency: Int {
    switch self {
    case .ok, .off: 0
    case .warning: 1
    case .stale: 2
    case .error: 3
    }
  }

  /// The word in tables for people.
  public var label: String {
    switch self {
    case .ok: "OK"
    case .off: "off"
    case .warning: "WARN"
    case .stale: "STALE"
    case .error: "ERROR"
    }
  }
}
