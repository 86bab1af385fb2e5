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
