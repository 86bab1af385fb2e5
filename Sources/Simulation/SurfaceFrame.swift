/// The surface at one point: which way it faces, its coordinates and their directions.
struct SurfaceFrame {
  var normal: Vector3
  var u: Float
  var v: Float
  var alongU: Vector3
  var alongV: Vector3
}

extension Primitive {
  /// The surface at `point`, which lies on it (up to rounding).
  @inline(__always)
  func surface(at point: Vector3) -> SurfaceFrame {
    let p = point - center
    switch shape {
    case .box: return boxSurface(p)
    case .ellipsoid: return ellipsoidSurface(p)
    case .capsule, .cylinder: return roundSurface(p)
    }
  }

  @inline(__always)
  private func boxSurface(_ p: Vector3) -> SurfaceFrame {
    let local = Vector3(p.x * yawCosine + p.y * yawSine, p.y * yawCosine - p.x * yawSine, p.z)
    let side = Vector3(yawCosine, yawSine, 0)
    let left = Vector3(-yawSine, yawCosine, 0)
    let up = Vector3(0, 0, 1)
    let gapX = extent.x - abs(local.x)
    let gapY = extent.y - abs(local.y)
    let gapZ = extent.z - abs(local.z)
    if gapX <= gapY && gapX <= gapZ {
      return SurfaceFrame(
        normal: local.x < 0 ? -side : side, u: local.y, v: local.z, alongU: left, alongV: up)
    }
    if gapY <= gapZ {
      return SurfaceFrame(
        normal: local.y < 0 ? -left : left, u: local.x, v: local.z, alongU: side, alongV: up)
    }
    return SurfaceFrame(normal: local.z < 0 ? -up : up, u: local.x, v: local.y, alongU: side, alongV: left)
  }

  @inline(__always)
  private func ellipsoidSurface(_ p: Vector3) -> SurfaceFrame {
    let local = Vector3(p.x * yawCosine + p.y * yawSine, p.y * yawCosine - p.x * yawSine, p.z)
    let gradient = local / (extent * extent)
    let normal = gradient.yawed(cosine: yawCosine, sine: yawSine).normalized
    let around = Vector3(-normal.y, normal.x, 1e-6).normalized
    return SurfaceFrame(
      normal: normal, u: pseudoAngle(local.x, local.y) * max(extent.x, extent.y), v: local.z,
      alongU: around, alongV: normal.cross(around))
  }

  @inline(__always)
  private func roundSurface(_ p: Vector3) -> SurfaceFrame {
    let halfLength = max(1e-6, extent.length)
    let axis = extent / halfLength
    let along = p.dot(axis)
    let radial = p - axis * along
    let helper = abs(axis.z) < 0.9 ? Vector3(0, 0, 1) : Vector3(1, 0, 0)
    let side = axis.cross(helper).normalized
    let other = axis.cross(side)
    if shape == .cylinder && halfLength - abs(along) < radius - radial.length {
      return SurfaceFrame(
        normal: along < 0 ? -axis : axis, u: radial.dot(side), v: radial.dot(other), alongU: side,
        alongV: other)
    }
    let beyond = max(-halfLength, min(halfLength, along))
    let normal = (p - axis * beyond).normalized
    let u = pseudoAngle(radial.dot(side), radial.dot(other)) * radius
    return SurfaceFrame(normal: normal, u: u, v: along, alongU: axis.cross(normal), alongV: axis)
  }
}

/// Grows once around the circle like an angle (0 to 4 for a turn of 2 pi), without an arc tangent.
@inline(__always)
private func pseudoAngle(_ x: Float, _ y: Float) -> Float {
  let sum = abs(x) + abs(y)
  guard sum > 1e-9 else { return 0 }
  let r = y / sum
  return x >= 0 ? 1 + r : 3 - r
}
