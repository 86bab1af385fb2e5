/// A point, direction or linear colour of the simulator, in metres or linear light.
package typealias Vector3 = SIMD3<Float>

extension SIMD3<Float> {
  @inline(__always)
  func dot(_ other: Vector3) -> Float {
    x * other.x + y * other.y + z * other.z
  }

  @inline(__always)
  func cross(_ other: Vector3) -> Vector3 {
    Vector3(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  @inline(__always)
  var length: Float { dot(self).squareRoot() }

  @inline(__always)
  var normalized: Vector3 { self / length }

  /// Turned about the vertical axis.
  @inline(__always)
  func yawed(cosine: Float, sine: Float) -> Vector3 {
    Vector3(cosine * x - sine * y, sine * x + cosine * y, z)
  }
}

@inline(__always)
func mix(_ a: Float, _ b: Float, _ weight: Float) -> Float {
  a + (b - a) * weight
}

@inline(__always)
func mix(_ a: Vector3, _ b: Vector3, _ weight: Float) -> Vector3 {
  a + (b - a) * weight
}

@inline(__always)
func clamp01(_ value: Float) -> Float {
  min(1, max(0, value))
}

/// 0 below `low`, 1 above `high`, smooth between.
@inline(__always)
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = clamp01((value - low) / (high - low))
  return t * t * (3 - 2 * t)
}
