/// Y'CbCr to R'G'B' in 16-bit fixed point (ITU-R BT.601-7 section 2.5, BT.709-6 section 3).
///
///     R = (y Y' + rv V + half) >> 16      Y' = Y - blackLevel, U and V less 128
///     G = (y Y' + gu U + gv V + half) >> 16
///     B = (y Y' + bu U + half) >> 16
struct ColourMatrix: Equatable {
  let blackLevel: Int32
  let luma: Int32
  let redFromV: Int32
  let greenFromU: Int32
  let greenFromV: Int32
  let blueFromU: Int32

  init(encoding: ColourEncoding, range: QuantizationRange) {
    let (kr, kb) = (encoding.redWeight, encoding.blueWeight)
    let kg = 1 - kr - kb
    let isLimited = range == .limited
    let lumaGain = isLimited ? 255.0 / 219 : 1
    let chromaGain = isLimited ? 255.0 / 224 : 1
    func fixed(_ value: Double) -> Int32 { Int32((value * 65536).rounded()) }
    blackLevel = isLimited ? 16 : 0
    luma = fixed(lumaGain)
    redFromV = fixed(2 * (1 - kr) * chromaGain)
    greenFromU = fixed(-2 * (1 - kb) * kb / kg * chromaGain)
    greenFromV = fixed(-2 * (1 - kr) * kr / kg * chromaGain)
    blueFromU = fixed(2 * (1 - kb) * chromaGain)
  }

  /// One pixel: the meaning of the conversion, and the reference for the vector path.
  @inline(__always)
  func convert(y: UInt8, u: UInt8, v: UInt8) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let base = luma &* (Int32(y) &- blackLevel) &+ 32768
    let (cu, cv) = (Int32(u) &- 128, Int32(v) &- 128)
    func clamp(_ value: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, value >> 16))) }
    return (
      clamp(base &+ redFromV &* cv), clamp(base &+ greenFromU &* cu &+ greenFromV &* cv),
      clamp(base &+ blueFromU &* cu)
    )
  }
}
