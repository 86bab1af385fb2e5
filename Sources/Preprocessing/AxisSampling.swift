/// How every pixel of one output axis is built from a run of source pixels.
///
/// All runs have the same length (zero weights fill up), so that the loops over them have no branches.
struct AxisSampling: Sendable {
  let tapCount: Int
  /// First source pixel of each output pixel; the run never leaves the source.
  let first: [Int32]
  /// (output pixels, tapCount); each run sums to one.
  let weights: [Float]

  /// - Parameters:
  ///   - start, length: the window of the source that the output shows, in source pixel edges.
  init(outputCount: Int, sourceCount: Int, start: Double, length: Double) {
    let step = length / Double(outputCount)
    let footprints = (0..<outputCount).map { index in
      PixelFootprint(
        lower: start + Double(index) * step, upper: start + Double(index + 1) * step,
        sourceCount: sourceCount)
    }
    let taps = footprints.reduce(1) { max($0, $1.count) }
    let starts = footprints.map { min($0.first, sourceCount - taps) }
    tapCount = taps
    first = starts.map { Int32($0) }
    weights = zip(footprints, starts).flatMap { footprint, start in
      (0..<taps).map { footprint.weight(of: start + $0) }
    }
  }
}
