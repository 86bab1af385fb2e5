/// Units of speeds on a bus.
public enum CANUnit: String, Sendable, CaseIterable {
  case metersPerSecond = "m/s"
  case kilometersPerHour = "km/h"
  case milesPerHour = "mph"
  case radiansPerSecond = "rad/s"
  case degreesPerSecond = "deg/s"
  case revolutionsPerMinute = "rpm"
  /// Not a speed: an encoder's counter, whose growth is one.
  case ticks = "ticks"

  /// What the number measures.
  public enum Kind: Sendable {
    case distance, angle, count
  }

  public var kind: Kind {
    switch self {
    case .metersPerSecond, .kilometersPerHour, .milesPerHour: .distance
    case .radiansPerSecond, .degreesPerSecond, .revolutionsPerMinute: .angle
    case .ticks: .count
    }
  }

  /// What one of it is in m/s or rad/s.
  public var factor: Double {
    switch self {
    case .metersPerSecond, .radiansPerSecond, .ticks: 1
    case .kilometersPerHour: 1 / 3.6
    case .milesPerHour: 0.44704
    case .degreesPerSecond: .pi / 180
    case .revolutionsPerMinute: .pi / 30
    }
  }

  /// As it is written in this or another common way.
  public init?(text: String) {
    let word = text.lowercased()
    switch word {
    case "kph", "kmh", "km/hr": self = .kilometersPerHour
    case "1/min", "r/min": self = .revolutionsPerMinute
    case "°/s", "degree/s": self = .degreesPerSecond
    case "mps": self = .metersPerSecond
    default: self.init(rawValue: word)
    }
  }
}
