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
}

/// Writes each grey value three times, through a table that stretches limited range when the driver says so.
struct GreyExpansion {
  /// The value, repeated in the three low bytes.
  private let words: [UInt32]

  init(range: QuantizationRange) {
    let matrix = ColourMatrix(encoding: .bt601, range: range)
    words = (0...255).map { UInt32(matrix.convert(y: UInt8($0), u: 128, v: 128).red) * 0x01_01_01 }
  }

  /// Converts one row of `width` bytes to `3 * width` bytes.
  func convertRow(_ source: UnsafeRawPointer, width: Int, to target: UnsafeMutableRawPointer) {
    let grey = source.assumingMemoryBound(to: UInt8.self)
    words.withUnsafeBufferPointer { table in
      for x in 0..<(width - 1) {
        // Four bytes: the last one belongs to the next pixel and is overwritten by it.
        target.storeBytes(of: table[Int(grey[x])], toByteOffset: 3 * x, as: UInt32.self)
      }
      let last = UInt8(truncatingIfNeeded: table[Int(grey[width - 1])])
      for channel in 0..<3 {
        target.storeBytes(of: last, toByteOffset: 3 * (width - 1) + channel, as: UInt8.self)
      }
    }
  }
}
