/// Whether a frame is completed or predicted: completion begins with enough points and ends when they become few, so
/// that a number of points around one limit does not make depth jump from frame to frame.
public struct CompletionGate: Sendable {
  /// Points from which completion begins.
  public static let pointsToBegin = 80

  /// Below so many points completion ends: the network's own limit.
  public let fewestPoints: Int
  public private(set) var isOpen = false

  public init(fewestPoints: Int) {
    self.fewestPoints = fewestPoints
  }

  /// Decides for the next frame, which has so many points.
  public mutating func admits(_ points: Int) -> Bool {
    isOpen = points >= (isOpen ? fewestPoints : max(fewestPoints, Self.pointsToBegin))
    return isOpen
  }
}
