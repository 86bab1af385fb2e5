public import ImageBuffers

/// Planes to payloads: rows without padding, little-endian, into reused memory.
public enum PlaneEncoding {
  /// 32FC1, 8UC1 and the like: the plane's rows, one after the other.
  public static func encode<Element: BitwiseCopyable>(
    _ plane: borrowing Plane<Element>, into payload: inout ByteWriter
  ) {
    let rowBytes = plane.width * MemoryLayout<Element>.stride
    let target = payload.resize(to: rowBytes * plane.height)
    guard let start = target.baseAddress else { return }
    for y in 0..<plane.height {
      (start + y * rowBytes).copyMemory(
        from: plane.baseAddress + y * plane.rowStride, byteCount: rowBytes)
    }
  }

  /// Confidence 0...1 as 0...255, rounded to nearest; NaN becomes 0, since nothing vouches for that pixel.
  public static func encodeConfidence(_ confidence: borrowing Plane<Float>, into payload: inout ByteWriter) {
    let width = confidence.width
    let target = payload.resize(to: width * confidence.height)
    guard let start = target.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    for y in 0..<confidence.height {
      let source = confidence.baseAddress + y * confidence.rowStride
      let row = start + y * width
      for x in 0..<width {
        let value = source[x]
        let bounded = value > 0 ? (value < 1 ? value : 1) : 0
        row[x] = UInt8(truncatingIfNeeded: Int32(bounded * 255 + 0.5))
      }
    }
  }
}
