import ImageBuffers

/// Depth in the drives' PNG files: 16 bits, metres times 256, 0 = none.
package enum DepthCoding {
  package static let stepsPerMeter: Float = 256
  /// The farthest depth that can be stored, metres.
  package static let farthestMeters: Float = 65535 / stepsPerMeter

  /// What is unknown, infinite or beyond the range of 16 bits becomes 0; what is nearer than half a step, 1.
  @inlinable
  package static func code(_ meters: Float) -> UInt16 {
    guard meters > 0, meters <= farthestMeters else { return 0 }
    return UInt16(max(1, min(65535, (meters * stepsPerMeter).rounded())))
  }

  /// NaN = unknown.
  @inlinable
  package static func meters(_ code: UInt16) -> Float {
    code == 0 ? .nan : Float(code) / stepsPerMeter
  }
}
