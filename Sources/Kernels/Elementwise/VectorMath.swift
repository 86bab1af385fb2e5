// Transcendental functions on eight lanes, accurate to a few units in the last place of Float.
// Scalar twins: Glibc's expf, erff and tanhf, compared in KernelsTests.

@usableFromInline package typealias Float8 = SIMD8<Float>

/// exp(x). Inputs below -87.3 give the smallest normal number, above 88.7 give infinity; NaN stays NaN.
///
/// - Source: Cephes `expf` (range reduction by ln 2 in two parts, degree-5 polynomial).
@inline(__always)
package func vectorExp(_ x: Float8) -> Float8 {
  let clampedLow = x.replacing(with: Float8(repeating: -87.3), where: x .< -87.3)
  let clamped = clampedLow.replacing(with: Float8(repeating: 88.7), where: clampedLow .> 88.7)
  // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low mantissa bits.
  let magic = Float8(repeating: 12_582_912)
  let shifted = magic.addingProduct(clamped, Float8(repeating: 1.442_695_04))
  let n = shifted - magic
  var r = clamped.addingProduct(n, Float8(repeating: -0.693_359_375))
  r = r.addingProduct(n, Float8(repeating: 2.121_944_4e-4))
  var p = Float8(repeating: 1.987_569_15e-4)
  p = Float8(repeating: 1.398_199_95e-3).addingProduct(p, r)
  p = Float8(repeating: 8.333_451_9e-3).addingProduct(p, r)
  p = Float8(repeating: 4.166_579_6e-2).addingProduct(p, r)
  p = Float8(repeating: 1.666_666_55e-1).addingProduct(p, r)
  p = Float8(repeating: 0.5).addingProduct(p, r)
  p = (r + 1).addingProduct(p, r * r)
  let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
  // 2^n in two factors, so that n = 128 does not overflow the exponent field.
  let half = bits &>> 1
  let first = unsafeBitCast((half &+ 127) &<< 23, to: Float8.self)
  let second = unsafeBitCast((bits &- half &+ 127) &<< 23, to: Float8.self)
  let result = p * first * second
  return result.replacing(with: Float8(repeating: .infinity), where: x .> 88.722_84)
}

/// tanh(x), exact to rounding for small |x| too.
@inline(__always)
package func vectorTanh(_ x: Float8) -> Float8 {
  let far = Float8(repeating: 1) - Float8(repeating: 2) / (vectorExp(x + x) + 1)
  let square = x * x
  let near = x.addingProduct(x * square, Float8(repeating: -1.0 / 3) + square * (2.0 / 15))
  return far.replacing(with: near, where: square .< 0.01)
}

/// The Gauss error function.
///
/// - Source: rational approximation of Eigen's `generic_fast_erf_float`, a few ulp on [-4, 4].
@inline(__always)
package func vectorErf(_ value: Float8) -> Float8 {
  let low = value.replacing(with: Float8(repeating: -4), where: value .< -4)
  let x = low.replacing(with: Float8(repeating: 4), where: low .> 4)
  let s = x * x
  var p = Float8(repeating: -2.726_142_258_013_06e-10)
  p = Float8(repeating: 2.770_681_424_959_02e-08).addingProduct(p, s)
  p = Float8(repeating: -2.101_024_020_825_08e-06).addingProduct(p, s)
  p = Float8(repeating: -5.692_506_394_623_46e-05).addingProduct(p, s)
  p = Float8(repeating: -7.349_906_303_268_55e-04).addingProduct(p, s)
  p = Float8(repeating: -2.954_599_808_540_25e-03).addingProduct(p, s)
  p = Float8(repeating: -1.609_603_332_624_15e-02).addingProduct(p, s)
  var q = Float8(repeating: -1.456_607_184_649_96e-05)
  q = Float8(repeating: -2.133_740_552_789_05e-04).addingProduct(q, s)
  q = Float8(repeating: -1.682_826_974_382_03e-03).addingProduct(q, s)
  q = Float8(repeating: -7.373_329_167_204_68e-03).addingProduct(q, s)
  q = Float8(repeating: -1.426_473_905_141_89e-02).addingProduct(q, s)
  return x * p / q
}

/// ln(x) for positive normal x; anything else has no meaningful result.
///
/// - Source: Cephes `logf` (mantissa between the square roots of 1/2 and 2, degree-8 polynomial).
@inline(__always)
package func vectorLog(_ x: Float8) -> Float8 {
  let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
  // Exponent and mantissa such that the mantissa lies in [sqrt(1/2), sqrt(2)): 0x3F3504F3 is sqrt(1/2).
  let exponent = (bits &- 0x3F35_04F3) &>> 23
  let e = Float8(exponent)
  let r = unsafeBitCast(bits &- (exponent &<< 23), to: Float8.self) - 1
  let square = r * r
  var p = Float8(repeating: 7.037_683_6e-2)
  p = Float8(repeating: -1.151_461_03e-1).addingProduct(p, r)
  p = Float8(repeating: 1.167_699_87e-1).addingProduct(p, r)
  p = Float8(repeating: -1.242_014_08e-1).addingProduct(p, r)
  p = Float8(repeating: 1.424_932_28e-1).addingProduct(p, r)
  p = Float8(repeating: -1.666_805_77e-1).addingProduct(p, r)
  p = Float8(repeating: 2.000_071_48e-1).addingProduct(p, r)
  p = Float8(repeating: -2.499_999_37e-1).addingProduct(p, r)
  p = Float8(repeating: 3.333_333_12e-1).addingProduct(p, r)
  let small = (p * r * square).addingProduct(e, Float8(repeating: -2.121_944_4e-4)) - 0.5 * square
  return (r + small).addingProduct(e, Float8(repeating: 0.693_359_375))
}
