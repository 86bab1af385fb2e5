package import Kernels
package import Quantities

/// Of each pixel the nearest pixel that holds a point, and the squared distance to it: of equals the leftmost, of these
/// the upper. Exact. Memory is planned at the beginning.
///
/// - Source: Meijster, Roerdink and Hesselink, "A general algorithm for computing distance transforms in linear time",
///   2000: the nearest of each column first, then the lower envelope of the columns' parabolas along each row.
package final class NearestPoints {
  private let size: ImageSize
  private let executor: any ParallelExecutor
  /// Index, row by row, of each pixel's nearest point. Before a row is searched, the row of the nearest in the column.
  package let places: Scratch<Int32>
  /// Squared distance to it, pixels: whole numbers, which Float holds exactly.
  package let squares: Scratch<Float>
  /// The largest of each row.
  package let rowSquares: Scratch<Float>
  /// Row of the nearest point below in each column.
  private let below: Scratch<Int32>
  /// Per row the columns of the envelope, and the first pixel of each.
  private let sites: Scratch<Int32>
  private let starts: Scratch<Int32>
  /// Stands for the row of a column's point where it has none: farther away than any.
  private let nowhere: Int32

  package init(size: ImageSize, executor: any ParallelExecutor) {
    self.size = size
    self.executor = executor
    places = Scratch(count: size.pixelCount)
    squares = Scratch(count: size.pixelCount)
    rowSquares = Scratch(count: size.height)
    below = Scratch(count: size.width)
    sites = Scratch(count: size.pixelCount)
    starts = Scratch(count: size.pixelCount)
    nowhere = Int32(-4 * (size.width + size.height))
  }

  /// - Parameter pixels: at least one, row by row, in any order.
  package func run(pixels: UnsafePointer<Int32>, count: Int) {
    places.base.update(repeating: nowhere, count: size.pixelCount)
    for index in 0..<count { places.base[Int(pixels[index])] = pixels[index] / Int32(size.width) }
    parallelChunks(executor, count: size.width / 32, grain: 4) { start, end in
      searchColumns(from: 32 * start, to: 32 * end)
    }
    parallelChunks(executor, count: size.height, grain: 8) { start, end in
      for row in start..<end { searchRow(row) }
    }
  }

  /// Rows of the points above, downwards; then of those below, upwards, and the nearer of the two.
  private func searchColumns(from start: Int, to end: Int) {
    let (width, places, below) = (size.width, places.base, below.base)
    for row in 1..<size.height {
      let line = places + row &* width
      for column in start..<end {
        line[column] = line[column] < 0 ? line[column &- width] : line[column]
      }
    }
    for column in start..<end { below[column] = -2 &* nowhere }
    for row in (0..<Int32(size.height)).reversed() {
      let line = places + Int(row) &* width
      for column in start..<end {
        let above = line[column]
        let next = above == row ? row : below[column]
        below[column] = next
        line[column] = row &- above <= next &- row ? above : next
      }
    }
  }

  /// Builds the envelope of a row's parabolas and reads it off.
  private func searchRow(_ row: Int) {
    let (width, line) = (size.width, places.base + row &* size.width)
    let (sites, starts) = (sites.base + row &* width, starts.base + row &* width)
    var last = -1
    for column in 0..<Int32(width) where line[Int(column)] != nowhere {
      let height = squaredHeight(line, column, row)
      while last >= 0 {
        let (site, start) = (sites[last], starts[last])
        let (old, new) = (start &- site, start &- column)
        guard squaredHeight(line, site, row) &+ old &* old > height &+ new &* new else { break }
        last &-= 1
      }
      if last < 0 {
        last = 0
        sites[0] = column
        starts[0] = 0
        continue
      }
      let site = sites[last]
      let rise = column &* column &- site &* site &+ height &- squaredHeight(line, site, row)
      let start = 1 &+ Int32(Double(rise) / Double(2 &* (column &- site)))
      guard start < width else { continue }
      last &+= 1
      sites[last] = column
      starts[last] = start
    }
    read(row, sites, starts, segments: last &+ 1)
  }

  @inline(__always)
  private func squaredHeight(_ line: UnsafePointer<Int32>, _ column: Int32, _ row: Int) -> Int32 {
    let step = line[Int(column)] &- Int32(row)
    return step &* step
  }

  /// Writes the pixels of each segment; the row's places only when all that they held is read.
  private func read(
    _ row: Int, _ sites: UnsafeMutablePointer<Int32>, _ starts: UnsafePointer<Int32>, segments: Int
  ) {
    let (width, line, squares) = (
      size.width, places.base + row &* size.width, squares.base + row &* size.width
    )
    var largest: Float = 0
    for segment in 0..<segments {
      let site = sites[segment]
      let end = segment &+ 1 < segments ? Int(starts[segment &+ 1]) : width
      let height = squaredHeight(line, site, row)
      for column in Int(starts[segment])..<end {
        let step = Int32(column) &- site
        squares[column] = Float(height &+ step &* step)
      }
      // The farther end is the farthest.
      largest = max(largest, squares[Int(starts[segment])], squares[end &- 1])
      sites[segment] = line[Int(site)] &* Int32(width) &+ site
    }
    rowSquares.base[row] = largest
    for segment in 0..<segments {
      let end = segment &+ 1 < segments ? Int(starts[segment &+ 1]) : width
      (line + Int(starts[segment])).update(repeating: sites[segment], count: end &- Int(starts[segment]))
    }
  }
}
