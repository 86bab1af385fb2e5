/// A plane in the optical frame: all X with `normal . X = distanceMeters`.
public struct FlatSurface: Hashable, Sendable {
  /// Of length one, pointing from the camera to the surface.
  public var normal: SIMD3<Double>
  /// From the optical centre, at least zero.
  public var distanceMeters: Double

  public init(normal: SIMD3<Double>, distanceMeters: Double) {
    self.normal = normal
    self.distanceMeters = distanceMeters
  }

  /// Depth at which the ray `(x, y, 1)` meets the surface; nil when it does not, or behind the camera.
  public func depth(x: Double, y: Double) -> Double? {
    let slope = normal.x * x + normal.y * y + normal.z
    guard slope > 1e-9 else { return nil }
    return distanceMeters / slope
  }

  /// Signed distance of a point from the surface, metres: positive behind it.
  public func offset(of point: SIMD3<Double>) -> Double {
    (normal * point).sum() - distanceMeters
  }
}
