import Geometry
import ImageBuffers
import Quantities

/// Shows a grid of the rectified image straight from the distorted one: undistortion, crop and resize in one
/// pass over a table that is built once.
///
/// Each grid pixel owns the box of source pixels that its four edges map to and averages it by covered area
/// (or interpolates where the grid is finer), so without distortion the result is that of `AreaResize`. Over
/// one pixel a lens is close enough to a stretch along the axes for a box to be the right shape.
struct RemapTable: Sendable {
  let size: ImageSize
  let sourceSize: ImageSize
  /// Source columns and rows of one pixel's box; the same for all pixels, filled up with zero weights.
  let columnTaps: Int
  let rowTaps: Int
  /// Upper left source pixel of each box; boxes never leave the source.
  let origins: [SIMD2<UInt16>]
  /// (pixels, columnTaps + rowTaps): weights across, then down.
  let weights: [Float]

  init(grid: PublishedGrid) {
    precondition(
      grid.capturedSize.width <= Int(UInt16.max) && grid.capturedSize.height <= Int(UInt16.max),
      "the captured image is larger than the table can address")
    let boxes = Self.sourceBoxes(of: grid)
    let columnTaps = boxes.reduce(1) { max($0, $1.columns.count) }
    let rowTaps = boxes.reduce(1) { max($0, $1.rows.count) }
    var origins: [SIMD2<UInt16>] = []
    var weights: [Float] = []
    origins.reserveCapacity(boxes.count)
    weights.reserveCapacity(boxes.count * (columnTaps + rowTaps))
    for box in boxes {
      let x = min(box.columns.first, grid.capturedSize.width - columnTaps)
      let y = min(box.rows.first, grid.capturedSize.height - rowTaps)
      origins.append(SIMD2(UInt16(x), UInt16(y)))
      for tap in 0..<columnTaps { weights.append(box.columns.weight(of: x + tap)) }
      for tap in 0..<rowTaps { weights.append(box.rows.weight(of: y + tap)) }
    }
    self.size = grid.size
    self.sourceSize = grid.capturedSize
    self.columnTaps = columnTaps
    self.rowTaps = rowTaps
    self.origins = origins
    self.weights = weights
  }

  private typealias Box = (columns: PixelFootprint, rows: PixelFootprint)

  /// The source box of every grid pixel, row by row.
  private static func sourceBoxes(of grid: PublishedGrid) -> [Box] {
    var boxes: [Box] = []
    boxes.reserveCapacity(grid.size.pixelCount)
    for y in 0..<grid.size.height {
      for x in 0..<grid.size.width {
        let u = Double(x)
        let v = Double(y)
        // Neighbours share the middle of their common edge, so boxes tile the source without gaps.
        let left = grid.capturedPixel(u: u - 0.5, v: v).u + 0.5
        let right = grid.capturedPixel(u: u + 0.5, v: v).u + 0.5
        let top = grid.capturedPixel(u: u, v: v - 0.5).v + 0.5
        let bottom = grid.capturedPixel(u: u, v: v + 0.5).v + 0.5
        boxes.append(
          (
            PixelFootprint(
              lower: min(left, right), upper: max(left, right), sourceCount: grid.capturedSize.width),
            PixelFootprint(
              lower: min(top, bottom), upper: max(top, bottom), sourceCount: grid.capturedSize.height)
          ))
      }
    }
    return boxes
  }
}
