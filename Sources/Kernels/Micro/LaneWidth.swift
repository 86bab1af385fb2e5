// The vector width of the micro-kernels in this module: eight floats (AVX2, or two NEON registers).

/// One panel of output channels in registers.
package typealias Lanes = SIMD8<Float>

@inline(__always)
func loadLanes(_ pointer: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

/// One pixel of a panel from the blocked layout.
@inline(__always)
func loadBlocks(_ pointer: UnsafePointer<Float>, _ blockStride: Int) -> Lanes { loadLanes(pointer) }

/// One pixel of a panel into the blocked layout.
@inline(__always)
func storeBlocks(_ value: Lanes, _ pointer: UnsafeMutablePointer<Float>, _ blockStride: Int) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Lanes.self)
}

/// Limits each lane; NaN stays NaN.
@inline(__always)
func clampLanes(_ value: Lanes, _ minimum: Float, _ maximum: Float) -> Lanes {
  let low = Lanes(repeating: minimum)
  let high = Lanes(repeating: maximum)
  let raised = value.replacing(with: low, where: value .< low)
  return raised.replacing(with: high, where: raised .> high)
}
