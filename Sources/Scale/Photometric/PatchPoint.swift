/// A small textured square of the newer frame, and where it was found in the older one.
struct PatchPoint {
  /// Centre in the finest image: a pixel corner, so that the 8x8 pixels around it need no interpolation.
  var place: SIMD2<Float>
  /// One over the network's depth there, 1/unit, and its change per pixel to the right and down.
  var inverseDepth: Float
  var inverseDepthSlope: SIMD2<Float>
  /// Where it was found in the older frame; meaningful when `isFound`.
  var found = SIMD2<Float>.zero
  /// Inverse of the covariance of `found`, 1/pixel2: xx, xy, yy.
  var information = SIMD3<Float>.zero
  var isFound = false

  /// The inner product of two pixel offsets in units of the match's deviation.
  @inline(__always)
  func distance(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> Float {
    a.x * (information.x * b.x + information.y * b.y) + a.y * (information.y * b.x + information.z * b.y)
  }

  /// The information across the strongest edge: the larger eigenvalue, 1/pixel2.
  @inline(__always)
  var sharpness: Float {
    let difference = 0.5 * (information.x - information.z)
    let spread = (difference * difference + information.y * information.y).squareRoot()
    return 0.5 * (information.x + information.z) + spread
  }
}
