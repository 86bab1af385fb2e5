extension ColourMatrix {
  /// Converts one row of NV12: a row of luma and its row of interleaved chroma.
  ///
  /// - Parameters:
  ///   - luma: `width` bytes.
  ///   - chroma: U and V in turn, `2 * ceil(width / 2)` bytes.
  ///   - target: `3 * width` bytes.
  @inline(__always)
  func convertNV12Row(
    luma: UnsafeRawPointer, chroma: UnsafeRawPointer, width: Int, to target: UnsafeMutableRawPointer
  ) {
    var x = 0
    while x + PixelPairs.pixels < width {
      let y = luma.loadUnaligned(fromByteOffset: x, as: SIMD8<UInt16>.self)
      let uv = chroma.loadUnaligned(fromByteOffset: x, as: SIMD8<UInt16>.self)
      convert(
        PixelPairs(
          y0: PixelPairs.Lanes(truncatingIfNeeded: y & 0xFF),
          y1: PixelPairs.Lanes(truncatingIfNeeded: y &>> 8),
          u: PixelPairs.Lanes(truncatingIfNeeded: uv & 0xFF),
          v: PixelPairs.Lanes(truncatingIfNeeded: uv &>> 8)),
        to: target + 3 * x)
      x += PixelPairs.pixels
    }
    convertNV12RowNaively(luma: luma, chroma: chroma, from: x, width: width, to: target)
  }

  /// The same, pixel by pixel.
  func convertNV12RowNaively(
    luma: UnsafeRawPointer, chroma: UnsafeRawPointer, from start: Int, width: Int,
    to target: UnsafeMutableRawPointer
  ) {
    let y = luma.assumingMemoryBound(to: UInt8.self)
    let uv = chroma.assumingMemoryBound(to: UInt8.self)
    for x in start..<width {
      store(convert(y: y[x], u: uv[x & ~1], v: uv[(x & ~1) + 1]), x, to: target)
    }
  }

  /// Converts one row of three planes whose chroma has half the width.
  ///
  /// - Parameters:
  ///   - luma: `width` bytes.
  ///   - u: `ceil(width / 2)` bytes, as many as `v`.
  ///   - target: `3 * width` bytes.
  @inline(__always)
  func convertPlanarRow(
    luma: UnsafeRawPointer, u: UnsafeRawPointer, v: UnsafeRawPointer, width: Int,
    to target: UnsafeMutableRawPointer
  ) {
    var x = 0
    while x + PixelPairs.pixels < width {
      let y = luma.loadUnaligned(fromByteOffset: x, as: SIMD8<UInt16>.self)
      let blue = u.loadUnaligned(fromByteOffset: x / 2, as: SIMD8<UInt8>.self)
      let red = v.loadUnaligned(fromByteOffset: x / 2, as: SIMD8<UInt8>.self)
      convert(
        PixelPairs(
          y0: PixelPairs.Lanes(truncatingIfNeeded: y & 0xFF),
          y1: PixelPairs.Lanes(truncatingIfNeeded: y &>> 8),
          u: PixelPairs.Lanes(truncatingIfNeeded: blue), v: PixelPairs.Lanes(truncatingIfNeeded: red)),
        to: target + 3 * x)
      x += PixelPairs.pixels
    }
    let bytes = luma.assumingMemoryBound(to: UInt8.self)
    let (blue, red) = (u.assumingMemoryBound(to: UInt8.self), v.assumingMemoryBound(to: UInt8.self))
    for x in x..<width { store(convert(y: bytes[x], u: blue[x / 2], v: red[x / 2]), x, to: target) }
  }
}

/// Where the chroma planes of a three-plane format lie.
struct PlanarLayout {
  let isUFirst: Bool
  /// Rows of luma for each row of chroma.
  let rowsPerChroma: Int

  static let yu12 = PlanarLayout(isUFirst: true, rowsPerChroma: 2)
  static let yv12 = PlanarLayout(isUFirst: false, rowsPerChroma: 2)
  static let planar422 = PlanarLayout(isUFirst: true, rowsPerChroma: 1)
}
