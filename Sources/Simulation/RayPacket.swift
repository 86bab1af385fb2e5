typealias Lanes = SIMD8<Float>
typealias LaneMask = SIMDMask<SIMD8<Int32>>

/// Eight rays with any origins and directions; directions need not have unit length.
struct RayPacket {
  var ox: Lanes
  var oy: Lanes
  var oz: Lanes
  var dx: Lanes
  var dy: Lanes
  var dz: Lanes
}

/// What eight rays have met so far.
struct PacketHits {
  /// Nearest hit, as a multiple of each ray's direction; +Inf = nothing.
  var t = Lanes(repeating: .infinity)
  /// Surface met there; see `Scene` for the numbering.
  var surface = SIMD8<Int32>(repeating: Scene.skySurface)
}

/// The larger lane by lane. (The library's own is a call per use, which here costs more than the comparison.)
@inline(__always)
private func larger(_ a: Lanes, _ b: Lanes) -> Lanes {
  a.replacing(with: b, where: b .> a)
}

/// The smaller lane by lane.
@inline(__always)
private func smaller(_ a: Lanes, _ b: Lanes) -> Lanes {
  a.replacing(with: b, where: b .< a)
}

/// Hits nearer than this (in multiples of the direction) are ignored: the solid holds the ray's origin.
private let nearest: Float = 1e-3

extension Primitive {
  /// Distance to the solid's near side for eight rays, +Inf where a ray misses it.
  @inline(__always)
  func distance(_ rays: RayPacket) -> Lanes {
    switch shape {
    case .box: boxDistance(rays)
    case .ellipsoid: ellipsoidDistance(rays)
    case .capsule: capsuleDistance(rays)
    case .cylinder: cylinderDistance(rays)
    }
  }

  /// Slab test in the box's own axes.
  @inline(__always)
  private func boxDistance(_ rays: RayPacket) -> Lanes {
    let rx = rays.ox - center.x
    let ry = rays.oy - center.y
    let oz = rays.oz - center.z
    let ox = rx * yawCosine + ry * yawSine
    let oy = ry * yawCosine - rx * yawSine
    // A zero direction component would make 0 times infinity; a speck of slope does not change a pixel.
    let ix = 1 / (rays.dx * yawCosine + rays.dy * yawSine + 1e-12)
    let iy = 1 / (rays.dy * yawCosine - rays.dx * yawSine + 1e-12)
    let iz = 1 / (rays.dz + 1e-12)
    let (nearX, farX) = slab(ox, ix, extent.x)
    let (nearY, farY) = slab(oy, iy, extent.y)
    let (nearZ, farZ) = slab(oz, iz, extent.z)
    let near = larger(larger(nearX, nearY), nearZ)
    let far = smaller(smaller(farX, farY), farZ)
    return near.replacing(with: .infinity, where: (near .> far) .| (near .< nearest))
  }

  @inline(__always)
  private func slab(_ o: Lanes, _ inverse: Lanes, _ half: Float) -> (Lanes, Lanes) {
    let a = (-half - o) * inverse
    let b = (half - o) * inverse
    return (smaller(a, b), larger(a, b))
  }

  /// A unit sphere in scaled space; the discriminant is taken at the point of closest approach, where
  /// single precision keeps its digits.
  @inline(__always)
  private func ellipsoidDistance(_ rays: RayPacket) -> Lanes {
    let rx = rays.ox - center.x
    let ry = rays.oy - center.y
    let ox = (rx * yawCosine + ry * yawSine) / extent.x
    let oy = (ry * yawCosine - rx * yawSine) / extent.y
    let oz = (rays.oz - center.z) / extent.z
    let dx = (rays.dx * yawCosine + rays.dy * yawSine) / extent.x
    let dy = (rays.dy * yawCosine - rays.dx * yawSine) / extent.y
    let dz = rays.dz / extent.z
    let dd = dx * dx + dy * dy + dz * dz
    let closest = -(ox * dx + oy * dy + oz * dz) / dd
    let px = ox + dx * closest
    let py = oy + dy * closest
    let pz = oz + dz * closest
    let inside = 1 - (px * px + py * py + pz * pz)
    let t = closest - (larger(inside, .zero) / dd).squareRoot()
    return t.replacing(with: .infinity, where: (inside .< 0) .| (t .< nearest))
  }

  /// Source: Quilez, "intersectors" (capsule), for rays moved to their closest approach of the centre.
  @inline(__always)
  private func capsuleDistance(_ rays: RayPacket) -> Lanes {
    let near = approach(rays)
    let axis = axisTerms(near, rays)
    let a = axis.lengthSquared * near.dd - axis.slope * axis.slope
    let b = axis.lengthSquared * near.od - axis.offset * axis.slope
    let c = axis.lengthSquared * (near.oo - radius * radius) - axis.offset * axis.offset
    let h = b * b - a * c
    let sideT = (-b - larger(h, .zero).squareRoot()) / a
    let y = axis.offset + sideT * axis.slope
    // Beyond the straight part, meet the ball at the end that the ray came by.
    let end = Lanes(repeating: 1).replacing(with: -1, where: y .< 0)
    let ex = near.x - extent.x * end
    let ey = near.y - extent.y * end
    let ez = near.z - extent.z * end
    let eb = ex * rays.dx + ey * rays.dy + ez * rays.dz
    let eh = eb * eb - near.dd * (ex * ex + ey * ey + ez * ez - radius * radius)
    let ballT = (-eb - larger(eh, .zero).squareRoot()) / near.dd
    let straight = (y .> -axis.lengthSquared) .& (y .< axis.lengthSquared)
    let local = ballT.replacing(with: sideT, where: straight)
    let discriminant = eh.replacing(with: h, where: straight)
    let t = local + near.t
    return t.replacing(with: .infinity, where: (h .< 0) .| (discriminant .< 0) .| (t .< nearest))
  }

  /// Source: Quilez, "intersectors" (capped cylinder), for rays moved to their closest approach.
  @inline(__always)
  private func cylinderDistance(_ rays: RayPacket) -> Lanes {
    let near = approach(rays)
    let axis = axisTerms(near, rays)
    let a = axis.lengthSquared * near.dd - axis.slope * axis.slope
    let b = axis.lengthSquared * near.od - axis.offset * axis.slope
    let c = axis.lengthSquared * (near.oo - radius * radius) - axis.offset * axis.offset
    let h = b * b - a * c
    let root = larger(h, .zero).squareRoot()
    let sideT = (-b - root) / a
    let y = axis.offset + sideT * axis.slope
    let end = Lanes(repeating: axis.lengthSquared)
      .replacing(with: -axis.lengthSquared, where: y .< 0)
    let capT = (end - axis.offset) / (axis.slope + 1e-12)
    let onSide = (y .> -axis.lengthSquared) .& (y .< axis.lengthSquared)
    let m = b + a * capT
    let onCap = (m * m) .< h
    let t = capT.replacing(with: sideT, where: onSide) + near.t
    return t.replacing(with: .infinity, where: (h .< 0) .| .!(onSide .| onCap) .| (t .< nearest))
  }

  /// The rays' points of closest approach to the centre, relative to it.
  private struct Approach {
    var t: Lanes
    var x: Lanes
    var y: Lanes
    var z: Lanes
    var dd: Lanes
    /// Position times direction; zero but for rounding.
    var od: Lanes
    var oo: Lanes
  }

  @inline(__always)
  private func approach(_ rays: RayPacket) -> Approach {
    let ox = rays.ox - center.x
    let oy = rays.oy - center.y
    let oz = rays.oz - center.z
    let dd = rays.dx * rays.dx + rays.dy * rays.dy + rays.dz * rays.dz
    let t = -(ox * rays.dx + oy * rays.dy + oz * rays.dz) / dd
    let x = ox + rays.dx * t
    let y = oy + rays.dy * t
    let z = oz + rays.dz * t
    return Approach(
      t: t, x: x, y: y, z: z, dd: dd, od: x * rays.dx + y * rays.dy + z * rays.dz,
      oo: x * x + y * y + z * z)
  }

  /// Products with the half axis: its own square, with the direction, with the position.
  @inline(__always)
  private func axisTerms(
    _ near: Approach, _ rays: RayPacket
  ) -> (lengthSquared: Float, slope: Lanes, offset: Lanes) {
    (
      extent.dot(extent), rays.dx * extent.x + rays.dy * extent.y + rays.dz * extent.z,
      near.x * extent.x + near.y * extent.y + near.z * extent.z
    )
  }
}
