public import ImageBuffers

/// Metres to 16UC1 millimetres (REP 118): 0 = unknown.
public enum MillimeterEncoding {
  /// Largest depth that 16 bits hold, metres; 65.535 is left to readers that use it as a mark.
  public static let maximumMeters: Float = 65.534
  public static let minimumMeters: Float = 0.001

  /// Writes floor(metres * 1000 + 0.5), or 0 where depth is not finite or outside 0.001...65.534 m.
  /// - Parameter depth: metres (H, W), NaN = unknown, +Inf = beyond range.
  /// - Returns: how many finite depths did not fit and became 0.
  public static func encode(
    _ depth: borrowing Plane<Float>, into payload: inout ByteWriter
  ) -> Int {
    let width = depth.width
    let target = payload.resize(to: width * depth.height * 2)
    guard let start = target.baseAddress?.assumingMemoryBound(to: UInt16.self) else { return 0 }
    var clamped = 0
    for y in 0..<depth.height {
      clamped += encodeRow(depth.baseAddress + y * depth.rowStride, into: start + y * width, count: width)
    }
    return clamped
  }

  private static func encodeRow(
    _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<UInt16>, count: Int
  ) -> Int {
    var clamped = SIMD8<Int32>.zero
    var x = 0
    while x + 8 <= count {
      let depth = UnsafeRawPointer(source + x).loadUnaligned(as: SIMD8<Float>.self)
      UnsafeMutableRawPointer(target + x).storeBytes(
        of: millimeters(depth, clamped: &clamped), as: SIMD8<UInt16>.self)
      x += 8
    }
    if x < count {
      var tail = SIMD8<Float>(repeating: .nan)
      for lane in 0..<(count - x) { tail[lane] = source[x + lane] }
      let values = millimeters(tail, clamped: &clamped)
      for lane in 0..<(count - x) { target[x + lane] = values[lane] }
    }
    return Int(clamped.wrappedSum())
  }

  /// Adding 2^23 pushes the fraction out of a Float's mantissa, which leaves the integer in its low bits: the
  /// conversion instructions Swift emits check for overflow lane by lane.
  @inline(__always)
  private static func millimeters(
    _ depth: SIMD8<Float>, clamped: inout SIMD8<Int32>
  ) -> SIMD8<UInt16> {
    let fits = (depth .>= minimumMeters) .& (depth .<= maximumMeters)
    let finite = (depth .< Float.infinity) .& (depth .> -Float.infinity)
    let bounded = SIMD8<Float>(repeating: 0).replacing(with: depth, where: fits)
    let shifted = SIMD8<Float>(repeating: 8_388_608)
    let value = bounded * 1000 + 0.5
    let nearest = (value + shifted) - shifted
    let floor = nearest.replacing(with: nearest - 1, where: nearest .> value)
    let bits = unsafeBitCast(floor + shifted, to: SIMD8<UInt32>.self)
    let one = SIMD8<Int32>(repeating: 1)
    clamped &+= SIMD8<Int32>.zero.replacing(with: one, where: finite .& .!fits)
    return SIMD8<UInt16>(truncatingIfNeeded: bits)
  }
}
