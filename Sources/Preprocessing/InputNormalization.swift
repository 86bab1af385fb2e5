/// The affine map from 8-bit colour to network input: `(value / 255 - mean) / standardDeviation`, per channel.
public struct InputNormalization: Hashable, Sendable {
  /// Red, green, blue; in units of full scale.
  public var mean: SIMD3<Float>
  public var standardDeviation: SIMD3<Float>

  public init(mean: SIMD3<Float>, standardDeviation: SIMD3<Float>) {
    precondition(
      standardDeviation.x > 0 && standardDeviation.y > 0 && standardDeviation.z > 0,
      "a standard deviation is positive")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Leaves colour in [0, 1].
  public static let unit = InputNormalization(mean: .zero, standardDeviation: .one)

  /// Multiplier of an 8-bit value; the fourth lane is unused.
  var gain: SIMD4<Float> { SIMD4(1 / (255 * standardDeviation), 0) }

  /// Added after the multiplication; the fourth lane is unused.
  var offset: SIMD4<Float> { SIMD4(-mean / standardDeviation, 0) }
}
