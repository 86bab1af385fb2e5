/// The 8x8 pixels around a corner between pixels, without their mean, and their gradients: what is compared with
/// another image.
///
/// - Source: Lucas and Kanade 1981, inverse compositional form (Baker and Matthews 2004).
struct PatchWindow {
  static let radius = 4
  /// Deviation of one pixel's grey value that is noise, normalised units.
  private static let noise: Float = 0.03

  private var values = InlineArray<64, Float>(repeating: 0)
  private var gradientsX = InlineArray<64, Float>(repeating: 0)
  private var gradientsY = InlineArray<64, Float>(repeating: 0)
  /// Second moments of the gradients, xx, xy, yy, without what a change of brightness looks like.
  private(set) var moments = SIMD3<Float>.zero
  /// Standard deviation of the values.
  private(set) var deviation: Float = 0

  /// How a patch lies in the other image.
  struct Comparison {
    /// Where the patch should move to, in its own pixels.
    var step: SIMD2<Float>
    /// Inverse covariance of that step, 1/pixel2: xx, xy, yy.
    var information: SIMD3<Float>
    /// Of the two patches, at most 1.
    var correlation: Float
  }

  /// Reads the pixels around `centre`, a corner between pixels; nil when they do not all lie inside.
  init?(_ image: LumaImage, centre: SIMD2<Float>) {
    let left = Int(centre.x) - Self.radius + 1
    let top = Int(centre.y) - Self.radius + 1
    guard left > 0, top > 0, left + 8 < image.width, top + 8 < image.height else { return nil }
    var sums = SIMD2<Float>.zero
    var slopes = SIMD2<Float>.zero
    for row in 0..<8 {
      let pixels = image.start + (top + row) * image.stride + left
      for column in 0..<8 {
        let value = pixels[column]
        let slope = SIMD2(
          0.5 * (pixels[column + 1] - pixels[column - 1]),
          0.5 * (pixels[column + image.stride] - pixels[column - image.stride]))
        let index = 8 * row + column
        values[index] = value
        gradientsX[index] = slope.x
        gradientsY[index] = slope.y
        moments += SIMD3(slope.x * slope.x, slope.x * slope.y, slope.y * slope.y)
        sums += SIMD2(value, value * value)
        slopes += slope
      }
    }
    let mean = sums.x / 64
    for index in 0..<64 { values[index] -= mean }
    deviation = max(0, sums.y / 64 - mean * mean).squareRoot()
    moments -= SIMD3(slopes.x * slopes.x, slopes.x * slopes.y, slopes.y * slopes.y) / 64
  }

  /// One comparison with the pixels around `place`, squeezed by the columns of `shape`; nil when they do not all lie
  /// inside.
  func compare(
    with image: LumaImage, at place: SIMD2<Float>, shape: (x: SIMD2<Float>, y: SIMD2<Float>)
  ) -> Comparison? {
    guard image.containsPatch(at: place, shape: shape, margin: 6), deviation > Self.noise / 2 else {
      return nil
    }
    let half = Float(Self.radius) - 0.5
    var seen = InlineArray<64, Float>(repeating: 0)
    var sums = SIMD2<Float>.zero
    for row in 0..<8 {
      let start = place + (Float(row) - half) * shape.y - half * shape.x
      let pixels = image.sampleEight(from: start, step: shape.x)
      for column in 0..<8 {
        let value = pixels[column]
        seen[8 * row + column] = value
        sums += SIMD2(value, value * value)
      }
    }
    let mean = sums.x / 64
    let spread = max(0, sums.y / 64 - mean * mean).squareRoot()
    let gain = min(2, max(0.5, deviation / max(spread, 1e-4)))
    var pull = SIMD2<Float>.zero
    var error: Float = 0
    var product: Float = 0
    for index in 0..<64 {
      let other = seen[index] - mean
      let difference = gain * other - values[index]
      error += difference * difference
      product += other * values[index]
      pull += difference * SIMD2(gradientsX[index], gradientsY[index])
    }
    // A little of the identity keeps a patch with one edge from sliding along it.
    let xx = moments.x + 0.02
    let yy = moments.z + 0.02
    let determinant = xx * yy - moments.y * moments.y
    let step =
      SIMD2(yy * pull.x - moments.y * pull.y, xx * pull.y - moments.y * pull.x) / determinant
    let variance = max(error / 64, Self.noise * Self.noise)
    return Comparison(
      step: -step, information: PatchTracker.information(moments, variance: variance),
      correlation: product / max(64 * spread * deviation, 1e-9))
  }
}
