import Completion
import Glibc

/// Compares a frame's range points with the depth that the network predicted there.
struct RangeRatios: ~Copyable {
  /// More points are thinned evenly: what is wanted is a median.
  private static let most = 1000
  private let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: RangeRatios.most)

  init() {
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  /// ln(measured metres / predicted units) of the points where depth is known.
  /// - Parameter depth: (height, width) of the points' grid, in the network's unit, predicted without them.
  /// - Returns: valid until the next call.
  func run(
    _ points: borrowing SparseDepth, depth: UnsafePointer<Float>
  ) -> UnsafeMutableBufferPointer<Float> {
    let step = max(1, (points.count + Self.most - 1) / Self.most)
    var count = 0
    for place in stride(from: 0, to: points.count, by: step) {
      let point = points.point(place)
      let predicted = depth[point.pixel]
      guard predicted > 0, predicted < .infinity else { continue }
      values[count] = logf(point.depth / predicted)
      count += 1
    }
    return UnsafeMutableBufferPointer(rebasing: values[..<count])
  }
}
