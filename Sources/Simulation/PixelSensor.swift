/// Turns linear light into 8-bit pixels: exposure, lamp flicker, tone curve, noise, vignetting.
package struct PixelSensor {
  /// Exposure: linear light times this is the sensor's signal.
  var gain: Float = 1
  /// Standard deviation of the noise at mid grey, 8-bit steps.
  var noise: Float = 1.5
  /// Relative depth of the brightness bands that mains-driven lamps leave on a rolling shutter.
  var flicker: Float = 0
  /// Phase of the bands, turns.
  var flickerPhase: Float = 0
  /// Darkening of the corners, 0 to 1.
  var vignetting: Float = 0.12
  var seed: UInt32 = 0

  package init() {}

  /// Gain of row `y` of `height`.
  func rowGain(_ y: Int, height: Int) -> Float {
    guard flicker > 0 else { return gain }
    let turns = 1.7 * Float(y) / Float(height) + flickerPhase
    return gain * (1 + flicker * Float(SimulationMath.sine(Double(turns) * 2 * .pi)))
  }

  /// One pixel; `radiusSquared` is the squared distance from the image centre, 1 in the corners.
  @inline(__always)
  func pixel(
    _ light: Vector3, rowGain: Float, radiusSquared: Float, x: Int, y: Int
  ) -> (UInt8, UInt8, UInt8) {
    let scaled = light * (rowGain * (1 - vignetting * radiusSquared))
    // A soft shoulder keeps highlights below clipping; the root is a gamma of two.
    let toned = (scaled / (Vector3(repeating: 1) + scaled * 0.25) * 1.25)
      .clamped(lowerBound: .zero, upperBound: Vector3(repeating: 1)).squareRoot()
    let bits = ValueNoise.hash(Int32(truncatingIfNeeded: x), Int32(truncatingIfNeeded: y), seed)
    let more = bits &* 0x9E37_79B9
    return (
      quantized(toned.x, bits & 0xFFFF), quantized(toned.y, bits >> 16), quantized(toned.z, more >> 16)
    )
  }

  /// Adds triangular noise (two bytes) and rounds.
  @inline(__always)
  private func quantized(_ tone: Float, _ bits: UInt32) -> UInt8 {
    // The sum of two uniform bytes has a standard deviation of 104.5.
    let triangle = Float(bits & 0xFF) + Float((bits >> 8) & 0xFF) - 255
    let sigma = noise * (0.6 + 0.8 * tone)
    return UInt8(max(0, min(255, tone * 255 + triangle * (sigma / 104.5) + 0.5)))
  }
}
