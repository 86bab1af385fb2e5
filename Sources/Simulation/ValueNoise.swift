/// Smooth noise on an integer lattice.
enum ValueNoise {
  /// A well mixed 32-bit hash of a lattice point (constants of the lowbias32 hash by Wellons).
  @inline(__always)
  static func hash(_ x: Int32, _ y: Int32, _ seed: UInt32) -> UInt32 {
    var h = UInt32(bitPattern: x) &* 0x27D4_EB2D ^ UInt32(bitPattern: y) &* 0x1656_67B1 ^ seed
    h ^= h >> 16
    h = h &* 0x7FEB_352D
    h ^= h >> 15
    h = h &* 0x846C_A68B
    h ^= h >> 16
    return h
  }

  /// A uniform number in [0, 1) for a lattice point.
  @inline(__always)
  static func unit(_ x: Int32, _ y: Int32, _ seed: UInt32) -> Float {
    Float(hash(x, y, seed) >> 8) * 0x1p-24
  }

  /// Bilinear value noise with smooth weights, in [0, 1]; mean 0.5.
  @inline(__always)
  static func sample(_ u: Float, _ v: Float, _ seed: UInt32) -> Float {
    let floorU = u.rounded(.down)
    let floorV = v.rounded(.down)
    let x = lattice(floorU)
    let y = lattice(floorV)
    let fu = u - floorU
    let fv = v - floorV
    let wu = fu * fu * (3 - 2 * fu)
    let wv = fv * fv * (3 - 2 * fv)
    let top = mix(unit(x, y, seed), unit(x &+ 1, y, seed), wu)
    let bottom = mix(unit(x, y &+ 1, seed), unit(x &+ 1, y &+ 1, seed), wu)
    return mix(top, bottom, wv)
  }

  /// Three octaves; each fades to its mean when the pixel footprint `width` (lattice units) outgrows it.
  @inline(__always)
  static func fractal(_ u: Float, _ v: Float, width: Float, _ seed: UInt32) -> Float {
    var sum: Float = 0.5
    var amplitude: Float = 0.56
    var scale: Float = 1
    for octave in 0..<3 {
      let fade = 1 - smoothStep(0.35, 1.1, width * scale)
      if fade <= 0 { break }
      let value = sample(u * scale, v * scale, seed &+ UInt32(octave) &* 0x9E37_79B9)
      sum += (value - 0.5) * amplitude * fade
      amplitude *= 0.55
      scale *= 2.7
    }
    return clamp01(sum)
  }

  /// A lattice coordinate; far outside any world the value is meaningless but must not trap.
  @inline(__always)
  static func lattice(_ value: Float) -> Int32 {
    Int32(max(-1e9, min(1e9, value)))
  }
}
