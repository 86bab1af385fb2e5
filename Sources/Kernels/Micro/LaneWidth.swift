// The vector width of the micro-kernels: eight floats (AVX2, or two NEON registers), or sixteen (AVX-512) in the
// module KernelsAVX512, which compiles these same files with WIDE_LANES.
#if WIDE_LANES
  package import Kernels

  /// One panel of output channels in registers.
  package typealias Lanes = SIMD16<Float>
#else
  /// One panel of output channels in registers.
  package typealias Lanes = SIMD8<Float>
#endif

@inline(__always)
func loadLanes(_ pointer: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

/// One pixel of a panel from the blocked layout.
@inline(__always)
func loadBlocks(_ pointer: UnsafePointer<Float>, _ blockStride: Int) -> Lanes {
  #if WIDE_LANES
    let low = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
    let high = UnsafeRawPointer(pointer + blockStride).loadUnaligned(as: SIMD8<Float>.self)
    return SIMD16(lowHalf: low, highHalf: high)
  #else
    return loadLanes(pointer)
  #endif
}

/// One pixel of a panel into the blocked layout.
@inline(__always)
func storeBlocks(_ value: Lanes, _ pointer: UnsafeMutablePointer<Float>, _ blockStride: Int) {
  #if WIDE_LANES
    UnsafeMutableRawPointer(pointer).storeBytes(of: value.lowHalf, as: SIMD8<Float>.self)
    UnsafeMutableRawPointer(pointer + blockStride).storeBytes(of: value.highHalf, as: SIMD8<Float>.self)
  #else
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Lanes.self)
  #endif
}

/// Limits each lane; NaN stays NaN.
@inline(__always)
func clampLanes(_ value: Lanes, _ minimum: Float, _ maximum: Float) -> Lanes {
  let low = Lanes(repeating: minimum)
  let high = Lanes(repeating: maximum)
  let raised = value.replacing(with: low, where: value .< low)
  return raised.replacing(with: high, where: raised .> high)
}
