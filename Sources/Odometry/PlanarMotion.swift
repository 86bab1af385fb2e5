import Glibc
public import Geometry

/// How the body moved on the floor between two moments: in the axes it had at the first.
public struct PlanarMotion: Equatable, Sendable {
  /// Metres forward and to the left.
  public var x = 0.0
  public var y = 0.0
  /// Radians to the left.
  public var heading = 0.0

  public init(x: Double = 0, y: Double = 0, heading: Double = 0) {
    self.x = x
    self.y = y
    self.heading = heading
  }

  /// Maps points from the body's axes at the end to those at the start.
  public var startFromEnd: RigidTransform {
    .aboutThirdAxis(radians: heading, translation: SIMD3(x, y, 0))
  }

  /// Adds a stretch of constant curvature.
  /// - Source: exact integral of the unicycle model; the small-angle form keeps precision on a straight.
  mutating func advance(distance: Double, turn: Double) {
    let half = 0.5 * turn
    let chord = distance * (abs(half) < 1e-4 ? 1 - half * half / 6 : sin(half) / half)
    x += chord * cos(heading + half)
    y += chord * sin(heading + half)
    heading += turn
  }
}
