/// Where on a surface a colour is wanted, and how large a pixel is there.
struct SurfacePoint {
  /// Position on the surface, metres.
  var u: Float
  var v: Float
  /// Width of the pixel's footprint along u and v, metres.
  var footprintU: Float
  var footprintV: Float
}

extension Material {
  /// The surface's own colour, filtered over the pixel's footprint so that images do not alias.
  @inline(__always)
  func color(at point: SurfacePoint) -> Vector3 {
    if pattern == .plain { return first }
    let u = point.u / size
    let v = point.v / size
    let wu = max(1e-3, point.footprintU / size)
    let wv = max(1e-3, point.footprintV / size)
    switch pattern {
    case .plain: return first
    case .checker:
      let a = pulse(u * 0.5, duty: 0.5, width: wu * 0.5)
      let b = pulse(v * 0.5, duty: 0.5, width: wv * 0.5)
      return mix(first, second, a + b - 2 * a * b)
    case .bricks: return bricks(u, v, wu, wv)
    case .tiles:
      let joint = 1 - pulse(u, duty: 0.96, width: wu) * pulse(v, duty: 0.96, width: wv)
      let tone = 0.85 + 0.3 * cellTone(u, v, max(wu, wv))
      return mix(first * tone, second, joint)
    case .stripes: return mix(first, second, pulse(u, duty: 0.5, width: wu))
    case .bands: return mix(first, second, pulse(v, duty: 0.5, width: wv))
    case .noise: return mix(first, second, ValueNoise.fractal(u, v, width: max(wu, wv), seed))
    case .speckle:
      let value = ValueNoise.fractal(u, v, width: max(wu, wv), seed)
      return mix(first, second, smoothStep(0.38, 0.62, value))
    case .planks: return planks(u, v, wu, wv)
    case .windows: return windows(u, v, wu, wv)
    case .road: return road(point)
    case .poster: return poster(u, v, wu, wv)
    }
  }

  @inline(__always)
  private func bricks(_ u: Float, _ v: Float, _ wu: Float, _ wv: Float) -> Vector3 {
    let course = (v * 3).rounded(.down)
    let shifted = u + (course.truncatingRemainder(dividingBy: 2) == 0 ? 0 : 0.5)
    let body = pulse(shifted, duty: 0.94, width: wu) * pulse(v * 3, duty: 0.84, width: wv * 3)
    let tone = 0.7 + 0.6 * cellTone(shifted, v * 3, max(wu, wv * 3))
    return mix(second, first * tone, body)
  }

  @inline(__always)
  private func planks(_ u: Float, _ v: Float, _ wu: Float, _ wv: Float) -> Vector3 {
    let body = pulse(v, duty: 0.95, width: wv)
    let tone = 0.75 + 0.5 * cellTone(u * 0.07, v, max(wu * 0.07, wv))
    let grain = ValueNoise.fractal(u * 0.6, v * 9, width: max(wu * 0.6, wv * 9), seed)
    return mix(second, first * tone * (0.8 + 0.4 * grain), body)
  }

  @inline(__always)
  private func windows(_ u: Float, _ v: Float, _ wu: Float, _ wv: Float) -> Vector3 {
    let pane = pulse(u + 0.25, duty: 0.5, width: wu) * pulse(v + 0.22, duty: 0.56, width: wv)
    let lit = cellTone(u + 0.25, v + 0.22, max(wu, wv))
    let glass = lit > 0.85 ? Vector3(0.75, 0.65, 0.4) : second * (0.6 + 0.8 * lit)
    let stain = ValueNoise.fractal(u * 1.7, v * 1.7, width: max(wu, wv) * 1.7, seed)
    return mix(first * (0.85 + 0.3 * stain), glass, pane)
  }

  @inline(__always)
  private func poster(_ u: Float, _ v: Float, _ wu: Float, _ wv: Float) -> Vector3 {
    let width = max(wu, wv) * 4
    let coarse = cellTone(u * 2, v * 3, width)
    let fine = cellTone(u * 7 + 0.3, v * 11, width * 3)
    let tint = Vector3(coarse, 1 - coarse * 0.8, fine)
    return mix(mix(first, second, coarse), tint, fine > 0.6 ? 0.5 : 0.12)
  }

  /// Asphalt with an edge line, a dashed centre line (8 m period) and patches.
  ///
  /// u = along, v = left, metres.
  @inline(__always)
  private func road(_ point: SurfacePoint) -> Vector3 {
    let wu = max(1e-3, point.footprintU)
    let wv = max(1e-3, point.footprintV)
    let grain = ValueNoise.fractal(point.u * 3, point.v * 3, width: max(wu, wv) * 3, seed)
    let patch = ValueNoise.fractal(point.u * 0.23, point.v * 0.4, width: max(wu, wv) * 0.4, seed &+ 7)
    let asphalt = first * (0.7 + 0.35 * grain + 0.35 * patch)
    let dash = pulse(point.u / 8, duty: 0.45, width: wu / 8)
    let centre = band(point.v - size, halfWidth: 0.07, width: wv) * dash
    let rightEdge = band(point.v + size * 0.92, halfWidth: 0.06, width: wv)
    let worn = 0.55 + 0.45 * patch
    return mix(asphalt, second, clamp01(centre + rightEdge) * worn)
  }

  /// A number in [0, 1) per lattice cell, fading to 0.5 where cells are smaller than a pixel.
  @inline(__always)
  private func cellTone(_ u: Float, _ v: Float, _ width: Float) -> Float {
    let fade = 1 - smoothStep(0.4, 1.2, width)
    if fade <= 0 { return 0.5 }
    let x = ValueNoise.lattice(u.rounded(.down))
    let y = ValueNoise.lattice(v.rounded(.down))
    return 0.5 + (ValueNoise.unit(x, y, seed) - 0.5) * fade
  }
}

/// A train of pulses of period 1 that is 1 for the first `duty` of each period, box-filtered over `width`.
@inline(__always)
func pulse(_ x: Float, duty: Float, width: Float) -> Float {
  (pulseIntegral(x + 0.5 * width, duty) - pulseIntegral(x - 0.5 * width, duty)) / width
}

@inline(__always)
private func pulseIntegral(_ x: Float, _ duty: Float) -> Float {
  let whole = x.rounded(.down)
  return whole * duty + min(x - whole, duty)
}

/// One band of half width `halfWidth` about zero, box-filtered over `width`.
@inline(__always)
func band(_ x: Float, halfWidth: Float, width: Float) -> Float {
  let high = min(halfWidth, max(-halfWidth, x + 0.5 * width))
  let low = min(halfWidth, max(-halfWidth, x - 0.5 * width))
  return (high - low) / width
}
