/// How the camera moved between two frames, in single precision, as warping pixels needs it.
///
/// `sourceFromTarget`: maps points of the newer (target) frame's optical axes to the older (source) frame's, so
/// `X_source = rotation * X_target + translation`, metres.
struct ViewMotion {
  /// Rows of the rotation.
  var row0 = SIMD3<Float>(1, 0, 0)
  var row1 = SIMD3<Float>(0, 1, 0)
  var row2 = SIMD3<Float>(0, 0, 1)
  /// Metres.
  var translation = SIMD3<Float>.zero

  @inline(__always)
  func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3((row0 * v).sum(), (row1 * v).sum(), (row2 * v).sum())
  }

  /// The same motion with a small rotation after it.
  /// - Parameter turn: axis times angle, radians.
  /// - Source: Rodrigues' formula.
  func turned(by turn: SIMD3<Float>) -> ViewMotion {
    var turned = self
    let columns = (column(0), column(1), column(2))
    let x = Self.turn(columns.0, by: turn)
    let y = Self.turn(columns.1, by: turn)
    let z = Self.turn(columns.2, by: turn)
    turned.row0 = SIMD3(x.x, y.x, z.x)
    turned.row1 = SIMD3(x.y, y.y, z.y)
    turned.row2 = SIMD3(x.z, y.z, z.z)
    return turned
  }

  /// A vector turned about an axis by the angle that is the axis's length.
  static func turn(_ v: SIMD3<Float>, by turn: SIMD3<Float>) -> SIMD3<Float> {
    let angle = (turn * turn).sum().squareRoot()
    guard angle > 1e-9 else { return v }
    let axis = turn / angle
    // Series: turns here are far below a radian.
    let square = angle * angle
    let sine = angle * (1 - square / 6 * (1 - square / 20))
    let rest = square / 2 * (1 - square / 12)
    return v + sine * cross(axis, v) + rest * cross(axis, cross(axis, v))
  }

  private func column(_ index: Int) -> SIMD3<Float> { SIMD3(row0[index], row1[index], row2[index]) }
}

@inline(__always)
func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
