import Foundation
import Glibc
import Platform
package import Quantities
package import Scale

/// A learned scale on disk: `scale.json` in the state folder.
package struct StoredScale: Codable, Equatable, Sendable {
  package static let fileName = "scale.json"
  package static let currentVersion = 1

  package var version: Int
  package var key: ScaleKey
  /// ln(metres per network unit) and its spread when it was stored.
  package var logScale: Double
  package var logSigma: Double
  package var observations: UInt64
  package var sources: [String]
  /// Seconds since 1970.
  package var time: Double
  /// When an observation had last confirmed it, seconds since 1970.
  package var confirmed: Double?

  package init(
    key: ScaleKey, logScale: Double, logSigma: Double, observations: UInt64, sources: [String], time: Double,
    confirmed: Double?
  ) {
    version = Self.currentVersion
    self.key = key
    self.logScale = logScale
    self.logSigma = logSigma
    self.observations = observations
    self.sources = sources
    self.time = time
    self.confirmed = confirmed
  }

  private enum CodingKeys: String, CodingKey {
    case version, key, observations, sources, time, confirmed
    case logScale = "log_scale"
    case logSigma = "log_sigma"
  }
}

extension StoredScale {
  /// How a stored scale loses worth.
  enum Ageing {
    /// Spread that any restart adds, and each day.
    static let restartSigma = 0.05
    static let dailySigma = 0.02
    static let longestDays = 30.0
    static let largestFactor = 200.0
  }

  /// Why a stored scale is not taken.
  package enum Refusal: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case damaged(path: String, reason: String)
    case foreign(differences: [String])
    case absurd(value: Double, sigma: Double)
    case tooOld(days: Double)
    /// Stored later than now is: one of the two clocks was wrong.
    case fromTheFuture(days: Double)

    package var description: String {
      switch self {
      case .unreadable(let path, let reason): "\(path) cannot be read: \(reason); the scale is learned anew"
      case .damaged(let path, let reason):
        "\(path) is damaged (\(reason)); the scale is learned anew and the file replaced"
      case .foreign(let differences):
        "the stored scale belongs to something else (\(differences.joined(separator: "; "))); it is learned anew"
      case .absurd(let value, let sigma):
        "the stored scale is absurd (\(value) m per unit, sigma \(sigma)); it is learned anew"
      case .tooOld(let days):
        "the stored scale is \(Int(days)) days old, more than \(Int(Ageing.longestDays)); it is learned anew"
      case .fromTheFuture(let days):
        "the stored scale is dated \(Int(days)) days ahead; set the clock. It is learned anew"
      }
    }
  }

  /// Reads the file; nil when there is none.
  package static func load(stateDirectory: String) throws(Refusal) -> StoredScale? {
    let path = stateDirectory + "/" + fileName
    let text: String
    do { text = try TextFile.read(path) } catch {
      switch error {
      case .missing: return nil
      case .unreadable(let reason): throw .unreadable(path: path, reason: reason)
      }
    }
    do {
      let stored = try JSONDecoder().decode(StoredScale.self, from: Data(text.utf8))
      guard stored.version == currentVersion else {
        throw Refusal.damaged(path: path, reason: "version \(stored.version), known is \(currentVersion)")
      }
      return stored
    } catch let refusal as Refusal { throw refusal } catch {
      throw .damaged(path: path, reason: text.isEmpty ? "it is empty" : "it is no whole JSON object")
    }
  }

  /// Writes it whole or not at all.
  package func save(stateDirectory: String) throws(SystemErrno) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    // Only numbers that are no numbers cannot be encoded; those are never stored.
    guard let bytes = try? encoder.encode(self) else { return }
    try AtomicFile.write(Array(bytes), to: stateDirectory + "/" + Self.fileName)
  }

  /// What is left of it now: the same value, wider.
  package func aged(for key: ScaleKey, now: WallTime) throws(Refusal) -> ScalePrior {
    guard key == self.key else { throw .foreign(differences: key.differences(from: self.key)) }
    guard logScale.isFinite, logSigma.isFinite, logSigma > 0, logSigma <= 1,
      abs(logScale) <= log(Ageing.largestFactor)
    else { throw .absurd(value: exp(logScale), sigma: logSigma) }
    let days = (Double(now.nanoseconds) * 1e-9 - time) / 86400
    guard days <= Ageing.longestDays else { throw .tooOld(days: days) }
    guard days >= -1 else { throw .fromTheFuture(days: -days) }
    let wider =
      logSigma * logSigma + Ageing.restartSigma * Ageing.restartSigma
      + Ageing.dailySigma * Ageing.dailySigma * max(0, days)
    return ScalePrior(logScale: logScale, logSigma: wider.squareRoot())
  }
}
