import Quantities

/// The three questions to ask before trusting a topic, as openpilot asks them of every service.
public struct Liveness: Equatable, Sendable {
  /// A frame came within the last ten periods (at least half a second).
  public var isAlive: Bool
  /// Frames come at 90 % of the nominal rate or faster; true while the nominal rate is unknown.
  public var isRateOK: Bool
  /// The daemon says, within the last three seconds, that this camera delivers.
  public var isValid: Bool

  public var isGood: Bool { isAlive && isRateOK && isValid }

  /// - Parameters:
  ///   - sinceFrame: seconds since the last frame was received; nil = never.
  ///   - sinceHealth: seconds since the last health message; nil = never.
  public init(
    sinceFrame: Double?, rateHz: Double?, nominalRateHz: Double?, sinceHealth: Double?, isDown: Bool
  ) {
    let nominal = nominalRateHz.flatMap { $0 > 0 ? $0 : nil }
    let longestSilence = max(0.5, nominal.map { 10 / $0 } ?? 1)
    isAlive = sinceFrame.map { $0 < longestSilence } ?? false
    isRateOK = nominal.map { (rateHz ?? 0) >= 0.9 * $0 } ?? true
    isValid = sinceHealth.map { $0 < 3 && !isDown } ?? false
  }
}
