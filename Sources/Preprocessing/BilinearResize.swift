public import ImageBuffers

/// Bilinear interpolation of a float plane, pixel centres aligned by area.
///
/// - Source: PyTorch `interpolate(mode="bilinear", align_corners=False)`, OpenCV `resize` INTER_LINEAR.
public enum BilinearResize {
  /// Fills `output` (any size) from `source` (any size).
  ///
  /// A NaN reaches every output pixel that it touches with a weight above zero.
  ///
  /// - Complexity: one pass over the output; allocates two small tables.
  public static func run(_ source: borrowing Plane<Float>, into output: inout Plane<Float>) {
    let columns = (0..<output.width).map { Tap(output: $0, of: output.width, source: source.width) }
    for y in 0..<output.height {
      let vertical = Tap(output: y, of: output.height, source: source.height)
      let upper = source.row(vertical.first)
      let lower = source.row(vertical.second)
      var row = output.mutableRow(y)
      for x in 0..<row.count {
        let tap = columns[x]
        let above = tap.interpolate(upper[tap.first], upper[tap.second])
        let below = tap.interpolate(lower[tap.first], lower[tap.second])
        row[x] = vertical.interpolate(above, below)
      }
    }
  }

  /// Two neighbouring source pixels and the share of the second.
  private struct Tap {
    let first: Int
    let second: Int
    let share: Float

    init(output index: Int, of outputCount: Int, source sourceCount: Int) {
      let scale = Double(sourceCount) / Double(outputCount)
      let centre = min(max((Double(index) + 0.5) * scale - 0.5, 0), Double(sourceCount - 1))
      first = Int(centre)
      second = min(first + 1, sourceCount - 1)
      share = Float(centre - Double(first))
    }

    /// Exactly one of the values if the other has no share, so that it may be NaN.
    @inline(__always)
    func interpolate(_ a: Float, _ b: Float) -> Float {
      share == 0 ? a : a + (b - a) * share
    }
  }
}
