import Glibc
public import Geometry

/// How the camera moved between two frames: the transform `laterFromEarlier`, which maps coordinates of the earlier
/// frame's camera (x right, y down, z forward) to the later one's. Driving forward therefore has a negative z.
public struct FrameMotion: Equatable, Sendable {
  /// Rotation axis times angle, radians.
  public var axisAngle: SIMD3<Double>
  /// Where the earlier camera's origin lies for the later one; in units of the model's depth (metres by its training).
  public var translation: SIMD3<Double>

  public init(axisAngle: SIMD3<Double>, translation: SIMD3<Double>) {
    self.axisAngle = axisAngle
    self.translation = translation
  }

  /// Distance between the two camera positions.
  public var distance: Double { (translation * translation).sum().squareRoot() }

  /// Rotation angle, radians.
  public var angle: Double { (axisAngle * axisAngle).sum().squareRoot() }

  /// What a camera of focal lengths `fx`, `fy` did when the canonical camera, showing the same two pictures, seems to
  /// have done this.
  ///
  /// A scene point (X, Y, Z) before the camera and (X, Y fy/fx, Z f/fx) before the canonical one (f = `canonicalFx`,
  /// square pixels) fall on the same pixel, so motions along x are the same, along y and z stretched likewise, and
  /// rotations about x and y move the picture by fy and fx pixels a radian instead of f (docs/bundle.md).
  ///
  /// - Parameters:
  ///   - fx: focal lengths in pixels of the depth network's input grid, as for depth; the same `fy`.
  ///   - canonicalFx: the model's `canonicalFxPixels`.
  public func seen(fx: Double, fy: Double, canonicalFx: Double) -> FrameMotion {
    FrameMotion(
      axisAngle: axisAngle * SIMD3(canonicalFx / fy, canonicalFx / fx, 1),
      translation: translation * SIMD3(1, fx / fy, fx / canonicalFx))
  }

  /// The same as a transform.
  public var laterFromEarlier: RigidTransform {
    let angle = angle
    // Below this the series' next term is lost in rounding.
    let sine = angle > 1e-6 ? sin(angle) / angle : 1
    let cosine = angle > 1e-6 ? (1 - cos(angle)) / (angle * angle) : 0.5
    let v = axisAngle
    let diagonal = cos(angle)
    return RigidTransform(
      rows: SIMD3(
        diagonal + cosine * v.x * v.x, cosine * v.x * v.y - sine * v.z, cosine * v.x * v.z + sine * v.y),
      SIMD3(
        cosine * v.x * v.y + sine * v.z, diagonal + cosine * v.y * v.y, cosine * v.y * v.z - sine * v.x),
      SIMD3(
        cosine * v.x * v.z - sine * v.y, cosine * v.y * v.z + sine * v.x, diagonal + cosine * v.z * v.z),
      translation: translation)
  }
}
