// Depth against truth, for the live view.
import ImageBuffers

/// Mean of |depth - truth| / truth over pixels where both are known and truth is between 0.1 and 80 m.
struct LiveDepthError {
  var absRel: Double
  /// Whether depth was first multiplied by median(truth) / median(depth), as for depth without a unit.
  var isMedianScaled: Bool
  var pixels: Int

  /// Nil when hardly any pixel can be compared.
  ///
  /// Truth of another size is read at the nearest pixel.
  init?(depth: borrowing Plane<Float>, truth: borrowing Plane<Float>, medianScaled: Bool) {
    var pairs: [(depth: Float, truth: Float)] = []
    // A few thousand pixels tell the mean; the view must stay cheap.
    let step = max(1, Int((Double(depth.width * depth.height) / 10_000).squareRoot()))
    for y in stride(from: step / 2, to: depth.height, by: step) {
      let truthRow = truth.baseAddress + (y * truth.height / depth.height) * truth.rowStride
      let row = depth.baseAddress + y * depth.rowStride
      for x in stride(from: step / 2, to: depth.width, by: step) {
        let exact = truthRow[x * truth.width / depth.width]
        guard row[x] > 0, row[x] < .infinity, exact >= 0.1, exact <= 80 else { continue }
        pairs.append((row[x], exact))
      }
    }
    guard pairs.count >= 50 else { return nil }
    var factor: Float = 1
    if medianScaled {
      let depths = pairs.map(\.depth).sorted()
      let truths = pairs.map(\.truth).sorted()
      factor = truths[truths.count / 2] / depths[depths.count / 2]
    }
    let sum = pairs.reduce(0.0) { $0 + Double(abs($1.depth * factor - $1.truth) / $1.truth) }
    absRel = sum / Double(pairs.count)
    isMedianScaled = medianScaled
    pixels = pairs.count
  }
}
