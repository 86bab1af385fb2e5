import Glibc

/// Whether frames have lately been unlike the domain of the bank: smoothed over time, with two edges, so that one odd
/// frame says nothing and a measurement that trembles around the limit does not make the flag flap.
public struct DomainWatch: Sendable {
  /// Smoothed distances (`RetrievalDomain.distance`) at which the flag goes up, and down again.
  public static let enter = 1.5
  public static let leave = 1.0
  /// Time constant of the smoothing, seconds.
  public static let smoothingSeconds = 1.0

  public let domain: RetrievalDomain
  /// Smoothed; nil before the first frame.
  public private(set) var distance: Double?
  public private(set) var isOutside = false

  public init(_ domain: RetrievalDomain) {
    self.domain = domain
  }

  /// Takes in a frame.
  ///
  /// - Parameter seconds: since the frame before; nil for the first one.
  public mutating func update(_ frame: RetrievalMeans, secondsSinceLast seconds: Double?) {
    let found = domain.distance(of: frame)
    // A frame without numbers says nothing.
    guard found.isFinite else { return }
    if let distance, let seconds {
      let share = 1 - exp(-max(0, seconds) / Self.smoothingSeconds)
      self.distance = distance + share * (found - distance)
    } else {
      distance = found
    }
    isOutside = (distance ?? 0) > (isOutside ? Self.leave : Self.enter)
  }
}
