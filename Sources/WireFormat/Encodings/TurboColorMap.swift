/// The Turbo colour map: blue over green to red, nearly even to the eye, without rainbow bands.
///
/// Source: A. Mikhailov, "Turbo, an improved rainbow colormap for visualization", Google AI blog, 2019;
/// polynomial approximation by R. Du (Apache-2.0).
public enum TurboColorMap {
  /// The colour at `position`, 0 (blue) to 1 (red); positions outside are clamped.
  public static func color(at position: Float) -> SIMD3<UInt8> {
    let x = min(max(position, 0), 1)
    let channels = SIMD3(polynomial(red, x), polynomial(green, x), polynomial(blue, x))
    let bounded = channels.clamped(lowerBound: .zero, upperBound: .one)
    return SIMD3<UInt8>(bounded * 255, rounding: .toNearestOrAwayFromZero)
  }

  private static let red: [Float] = [
    0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943,
  ]
  private static let green: [Float] = [
    0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604,
  ]
  private static let blue: [Float] = [
    0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973,
  ]

  private static func polynomial(_ coefficients: [Float], _ x: Float) -> Float {
    coefficients.reversed().reduce(0) { $0 * x + $1 }
  }
}
