import Glibc
import Quantities

/// The network's depth of one frame, read at the places of a `step` times coarser image.
struct NetworkDepth {
  /// (height, width) without gaps, in the network's unit; NaN = unknown, +Inf = beyond range.
  let start: UnsafePointer<Float>
  let size: ImageSize
  let step: Int

  /// One over the depth at a pixel of the coarser image; nil where unknown, 0 beyond range.
  @inline(__always)
  func inverse(_ x: Int, _ y: Int) -> Float? {
    let value = start[min(size.height - 1, y * step) * size.width + min(size.width - 1, x * step)]
    return value > 0 ? 1 / value : nil
  }

  /// A point with the inverse depth of its surroundings; nil where depth is unknown or jumps.
  func point(at place: SIMD2<Float>) -> PatchPoint? {
    let reach = 3
    let x = Int(place.x)
    let y = Int(place.y)
    guard let centre = inverse(x, y), let next = inverse(x + 1, y + 1), centre > 0, next > 0,
      let left = inverse(x - reach, y), let right = inverse(x + 1 + reach, y),
      let above = inverse(x, y - reach), let below = inverse(x, y + 1 + reach)
    else { return nil }
    let mean = 0.5 * (centre + next)
    let span = Float(2 * reach + 1)
    var slope = SIMD2((right - left) / span, (below - above) / span)
    // Across an edge of depth the patch follows its centre.
    let largest = 0.08 * mean
    if abs(slope.x) > largest || abs(slope.y) > largest { slope = .zero }
    return PatchPoint(place: place, inverseDepth: mean, inverseDepthSlope: slope)
  }

  /// One over the median depth of a coarse grid of pixels, 1/unit; 0 when nothing is known.
  var medianInverse: Float {
    var values = InlineArray<256, Float>(repeating: 0)
    var count = 0
    for row in 0..<16 {
      for column in 0..<16 {
        let x = (2 * column + 1) * size.width / 32
        let y = (2 * row + 1) * size.height / 32
        let value = start[y * size.width + x]
        guard value > 0 else { continue }
        values[count] = logf(max(1e-5, 1 / value))
        count += 1
      }
    }
    guard count > 0 else { return 0 }
    var low: Float = -12
    var high: Float = 12
    for _ in 0..<20 {
      let middle = 0.5 * (low + high)
      var below = 0
      for index in 0..<count where values[index] < middle { below += 1 }
      if 2 * below < count { low = middle } else { high = middle }
    }
    return expf(0.5 * (low + high))
  }
}
