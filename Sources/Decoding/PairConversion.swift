/// Eight pairs of neighbouring pixels that share their chroma; the step of every 4:2:2 and 4:2:0 format.
struct PixelPairs {
  typealias Lanes = SIMD8<Int32>
  /// Left and right luma, 0...255.
  var y0: Lanes
  var y1: Lanes
  /// Chroma as stored, 0...255.
  var u: Lanes
  var v: Lanes
  static let pixels = 16
}

extension ColourMatrix {
  /// Writes sixteen pixels, 48 bytes, at `target`, and two bytes of rubbish behind them: rows are written
  /// from left to right, and the end of a row by `convert(y:u:v:)`, so the rubbish never survives.
  @inline(__always)
  func convert(_ pairs: PixelPairs, to target: UnsafeMutableRawPointer) {
    let u = pairs.u &- 128
    let v = pairs.v &- 128
    let red = redFromV &* v &+ 32768
    let green = greenFromU &* u &+ greenFromV &* v &+ 32768
    let blue = blueFromU &* u &+ 32768
    let left = packed(luma &* (pairs.y0 &- blackLevel), red, green, blue)
    let right = packed(luma &* (pairs.y1 &- blackLevel), red, green, blue)
    // Two pixels are six bytes of a 64-bit word; the words overlap by two bytes.
    let words = SIMD8<UInt64>(truncatingIfNeeded: left) | (SIMD8<UInt64>(truncatingIfNeeded: right) &<< 24)
    for lane in 0..<8 { target.storeBytes(of: words[lane], toByteOffset: 6 * lane, as: UInt64.self) }
  }

  @inline(__always)
  private func packed(
    _ luma: PixelPairs.Lanes, _ red: PixelPairs.Lanes, _ green: PixelPairs.Lanes, _ blue: PixelPairs.Lanes
  ) -> SIMD8<UInt32> {
    let r = clamped(luma &+ red)
    let g = clamped(luma &+ green)
    let b = clamped(luma &+ blue)
    return SIMD8<UInt32>(truncatingIfNeeded: r | (g &<< 8) | (b &<< 16))
  }

  @inline(__always)
  private func clamped(_ value: PixelPairs.Lanes) -> PixelPairs.Lanes {
    // Arithmetic on signs: comparisons and `clamped` of SIMD types become scalar code.
    let value = value &>> 16
    let positive = value & ~(value &>> 31)
    let excess = 255 &- positive
    return positive &+ (excess & (excess &>> 31))
  }
}
