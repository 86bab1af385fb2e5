import Glibc
import ImageBuffers
import Preprocessing
import Quantities

/// Compares a frame's range points with the depth that the network predicted there.
///
/// For cameras whose calibration does not turn the image (R is the identity, as for every single camera): depth along
/// the captured image's axis is then depth along the grid's.
struct RangeRatios: ~Copyable {
  /// More points are thinned evenly: what is wanted is a median.
  private static let most = 1000
  private let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: RangeRatios.most)

  init() {
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  /// ln(measured metres / predicted units) of the points that lie on the grid, where depth is known.
  /// - Parameter depth: (height, width) of the grid, in the network's unit.
  /// - Returns: valid until the next call.
  func run(
    _ pixels: [RangePixel], grid: PublishedGrid, depth: UnsafePointer<Float>
  ) -> UnsafeMutableBufferPointer<Float> {
    let step = max(1, (pixels.count + Self.most - 1) / Self.most)
    var count = 0
    for index in stride(from: 0, to: pixels.count, by: step) {
      let pixel = pixels[index]
      guard pixel.depthMeters > 0, pixel.depthMeters < .infinity,
        let place = grid.gridPixel(capturedU: Double(pixel.u), v: Double(pixel.v))
      else { continue }
      let (column, row) = (place.u.rounded(), place.v.rounded())
      guard column >= 0, row >= 0, column < Double(grid.size.width), row < Double(grid.size.height) else {
        continue
      }
      let predicted = depth[Int(row) * grid.size.width + Int(column)]
      guard predicted > 0, predicted < .infinity else { continue }
      values[count] = logf(pixel.depthMeters / predicted)
      count += 1
    }
    return UnsafeMutableBufferPointer(rebasing: values[..<count])
  }
}
