/// The source pixels under one output pixel along one axis, with their weights.
///
/// A footprint of at least one pixel averages by covered area; a smaller one (the image grows) interpolates
/// linearly between the two nearest pixel centres. What lies outside the image counts as its border pixel.
/// - Source: OpenCV `resize`, INTER_AREA for shrinking and INTER_LINEAR for growing.
struct PixelFootprint {
  /// First source pixel with a weight, and how many follow.
  let first: Int
  let count: Int
  private let lower: Double
  private let upper: Double
  private let averages: Bool

  /// - Parameter lower, upper: edges in source pixels; pixel p covers [p, p + 1].
  init(lower: Double, upper: Double, sourceCount: Int) {
    let size = Double(sourceCount)
    averages = upper - lower >= 1
    if averages {
      // Wholly outside: half a pixel at the border remains.
      self.lower = min(max(lower, 0), size - 0.5)
      self.upper = max(min(upper, size), 0.5)
      // Slivers of rounding are no pixels.
      first = max(0, Int((self.lower + 1e-6).rounded(.down)))
      count = max(1, min(sourceCount, Int((self.upper - 1e-6).rounded(.up))) - first)
    } else {
      let centre = min(max((lower + upper) / 2, 0.5), size - 0.5)
      self.lower = centre
      self.upper = centre
      first = min(Int((centre - 0.5).rounded(.down)), sourceCount - 1)
      count = min(2, sourceCount - first)
    }
  }

  /// The weight of a source pixel; the weights of `first ..< first + count` sum to one.
  func weight(of pixel: Int) -> Float {
    guard count > 1 else { return pixel == first ? 1 : 0 }
    guard pixel >= first, pixel < first + count else { return 0 }
    if averages {
      let covered = min(upper, Double(pixel + 1)) - max(lower, Double(pixel))
      return Float(max(0, covered) / (upper - lower))
    }
    return Float(1 - abs(lower - 0.5 - Double(pixel)))
  }
}
