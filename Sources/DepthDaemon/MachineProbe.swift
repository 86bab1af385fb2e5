import Glibc
import Platform
import Quantities

/// What the daemon's computer says about room on disk and heat.
package struct MachineState: Equatable, Sendable {
  /// A place where the machine measures its temperature.
  package struct Temperature: Equatable, Sendable {
    package var zone: String
    package var celsius: Double
    /// From here on the machine slows down.
    package var highCelsius: Double
    /// Here it switches off.
    package var criticalCelsius: Double

    package init(zone: String, celsius: Double, highCelsius: Double, criticalCelsius: Double) {
      self.zone = zone
      self.celsius = celsius
      self.highCelsius = highCelsius
      self.criticalCelsius = criticalCelsius
    }
  }

  /// Room for this user on the state folder's file system, bytes; nil = not known.
  package var freeBytes: UInt64?
  /// Why the state folder cannot be written; nil = it can.
  package var diskProblem: String?
  /// The zone nearest to its limit; nil when the machine shows none.
  package var temperature: Temperature?

  package init() {}
}

/// Reads the machine's state from the kernel. Called on the supervisor's period, never on a frame's path.
package struct MachineProbe: Sendable {
  private let stateDirectory: String
  private let thermalFolder: String

  /// - Parameters:
  ///   - stateDirectory: the folder whose room matters.
  ///   - thermalFolder: where the kernel lists its temperatures.
  package init(stateDirectory: String, thermalFolder: String = "/sys/class/thermal") {
    self.stateDirectory = stateDirectory
    self.thermalFolder = thermalFolder
  }

  package func read() -> MachineState {
    var state = MachineState()
    var facts = statvfs()
    if statvfs(stateDirectory, &facts) == 0 {
      state.freeBytes = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
      if facts.f_flag & UInt(ST_RDONLY) != 0 { state.diskProblem = "its file system is read-only" }
    } else {
      state.diskProblem = SystemErrno.current.text
    }
    if state.diskProblem == nil, access(stateDirectory, W_OK | X_OK) != 0 {
      state.diskProblem = SystemErrno.current.text
    }
    state.temperature = hottest()
    return state
  }

  private func hottest() -> MachineState.Temperature? {
    let zones = (0..<64).map { index in "\(thermalFolder)/thermal_zone\(index)" }
    return zones.prefix { zone in access(zone, F_OK) == 0 }.compactMap(temperature).min {
      $0.criticalCelsius - $0.celsius < $1.criticalCelsius - $1.celsius
    }
  }

  /// Nil for sensors that are off or broken: they show nothing, zero or impossible heat.
  private func temperature(_ folder: String) -> MachineState.Temperature? {
    guard let celsius = degrees(folder + "/temp"), (1...150).contains(celsius) else { return nil }
    var temperature = MachineState.Temperature(
      zone: word(folder + "/type") ?? "thermal", celsius: celsius, highCelsius: 85, criticalCelsius: 100)
    for index in 0..<16 {
      let trip = "\(folder)/trip_point_\(index)_"
      guard let kind = word(trip + "type") else { break }
      guard let limit = degrees(trip + "temp"), (40...150).contains(limit) else { continue }
      switch kind {
      case "passive", "hot": temperature.highCelsius = min(temperature.highCelsius, limit)
      case "critical": temperature.criticalCelsius = limit
      default: break
      }
    }
    return temperature
  }

  private func degrees(_ path: String) -> Double? {
    word(path).flatMap(Double.init).map { $0 / 1000 }
  }

  private func word(_ path: String) -> String? {
    guard let text = try? TextFile.read(path) else { return nil }
    return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
  }
}
