/// Which byte of a four-byte group of packed 4:2:2 holds what.
struct PackedLayout {
  let y0: Int
  let u: Int
  let y1: Int
  let v: Int

  static let yuyv = PackedLayout(y0: 0, u: 1, y1: 2, v: 3)
  static let uyvy = PackedLayout(y0: 1, u: 0, y1: 3, v: 2)
  static let yvyu = PackedLayout(y0: 0, u: 3, y1: 2, v: 1)
  static let vyuy = PackedLayout(y0: 1, u: 2, y1: 3, v: 0)
}

extension ColourMatrix {
  /// Converts one row of packed 4:2:2 (YUYV or UYVY) of `width` pixels.
  ///
  /// - Parameters:
  ///   - source: at least `4 * ceil(width / 2)` bytes.
  ///   - target: `3 * width` bytes.
  @inline(__always)
  func convertPackedRow(
    _ source: UnsafeRawPointer, _ layout: PackedLayout, width: Int, to target: UnsafeMutableRawPointer
  ) {
    // Strictly less, so that the two bytes a step writes too many belong to this row.
    var x = 0
    while x + PixelPairs.pixels < width {
      let groups = source.loadUnaligned(fromByteOffset: 2 * x, as: SIMD8<UInt32>.self)
      convert(
        PixelPairs(
          y0: lane(groups, layout.y0), y1: lane(groups, layout.y1), u: lane(groups, layout.u),
          v: lane(groups, layout.v)), to: target + 3 * x)
      x += PixelPairs.pixels
    }
    convertPackedRowNaively(source, layout, from: x, width: width, to: target)
  }

  /// The same, pixel by pixel: for the end of a row, and the reference of the fast path.
  func convertPackedRowNaively(
    _ source: UnsafeRawPointer, _ layout: PackedLayout, from start: Int, width: Int,
    to target: UnsafeMutableRawPointer
  ) {
    let bytes = source.assumingMemoryBound(to: UInt8.self)
    for x in start..<width {
      let group = bytes + 4 * (x / 2)
      let pixel = convert(
        y: group[x % 2 == 0 ? layout.y0 : layout.y1], u: group[layout.u], v: group[layout.v])
      store(pixel, x, to: target)
    }
  }

  @inline(__always)
  private func lane(_ groups: SIMD8<UInt32>, _ byte: Int) -> PixelPairs.Lanes {
    PixelPairs.Lanes(truncatingIfNeeded: (groups &>> UInt32(8 * byte)) & 0xFF)
  }

  @inline(__always)
  func store(_ pixel: (red: UInt8, green: UInt8, blue: UInt8), _ x: Int, to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: pixel.red, toByteOffset: 3 * x, as: UInt8.self)
    target.storeBytes(of: pixel.green, toByteOffset: 3 * x + 1, as: UInt8.self)
    target.storeBytes(of: pixel.blue, toByteOffset: 3 * x + 2, as: UInt8.self)
  }
}
