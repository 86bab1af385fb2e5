import Simulation

/// Slow and obvious distances to the simulator's solids: signed distance functions walked along the ray in
/// double precision.
///
/// Shares nothing with the renderer's closed forms.
enum NaiveScene {
  static func signedDistance(_ p: SIMD3<Double>, to solid: Primitive) -> Double {
    let center = SIMD3<Double>(solid.center)
    let extent = SIMD3<Double>(solid.extent)
    let radius = Double(solid.radius)
    let q = p - center
    switch solid.shape {
    case .box:
      let c = Double(solid.yawCosine)
      let s = Double(solid.yawSine)
      let local = SIMD3(q.x * c + q.y * s, q.y * c - q.x * s, q.z)
      let beyond = SIMD3(abs(local.x), abs(local.y), abs(local.z)) - extent
      let outside = SIMD3(max(beyond.x, 0), max(beyond.y, 0), max(beyond.z, 0))
      return length(outside) + min(0, max(beyond.x, max(beyond.y, beyond.z)))
    case .ellipsoid:
      // Only spheres are walked: the distance to an ellipsoid has no simple form.
      return length(q) - extent.x
    case .capsule:
      let t = min(1, max(-1, dot(q, extent) / dot(extent, extent)))
      return length(q - extent * t) - radius
    case .cylinder:
      let axis = extent / length(extent)
      let along = dot(q, axis)
      let radial = length(q - axis * along) - radius
      let axial = abs(along) - length(extent)
      let outside = (max(radial, 0) * max(radial, 0) + max(axial, 0) * max(axial, 0)).squareRoot()
      return outside + min(0, max(radial, axial))
    }
  }

  /// Multiple of `direction` at which the ray from the origin meets the solid; nil within 200.
  static func distance(along direction: SIMD3<Double>, to solid: Primitive) -> Double? {
    let unit = length(direction)
    var t = 0.0
    for _ in 0..<2000 {
      let gap = signedDistance(direction * t, to: solid)
      if gap < 1e-7 { return t }
      t += gap / unit
      if t > 200 { return nil }
    }
    return nil
  }

  static func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    a.x * b.x + a.y * b.y + a.z * b.z
  }

  static func length(_ a: SIMD3<Double>) -> Double { dot(a, a).squareRoot() }
}
