import Kernels
import Quantities

/// Chooses the points that enter the network: of each cell of pixels the nearest, of equals the first row by row; and
/// when these are more than the cap, so many of them evenly spread over the cells. The same set of points gives the
/// same choice, in whatever order they came.
struct PointThinning {
  private let cellPixels: Int
  private let columns: Int
  private let cap: Int
  /// Per cell its nearest point's pixel + 1; 0 = none.
  private let nearest: Scratch<Int32>
  /// Pixels chosen, by cell, row by row.
  let pixels: Scratch<Int32>
  private(set) var count = 0

  init(size: ImageSize, cellPixels: Int, cap: Int) {
    self.cellPixels = cellPixels
    self.cap = cap
    columns = size.width / cellPixels
    let cells = columns * (size.height / cellPixels)
    nearest = Scratch(count: cells)
    pixels = Scratch(count: min(cap, cells))
  }

  mutating func run(_ points: borrowing SparseDepth) {
    let nearest = nearest.base
    var occupied = 0
    for place in 0..<points.count {
      let pixel = points.pixel(place)
      let (row, column) = pixel.quotientAndRemainder(dividingBy: points.size.width)
      let cell = row / cellPixels * columns + column / cellPixels
      let known = Int(nearest[cell]) - 1
      if known < 0 { occupied += 1 }
      if known < 0 || isNearer(pixel, than: known, points) {
        nearest[cell] = Int32(truncatingIfNeeded: pixel + 1)
      }
    }
    choose(from: occupied)
  }

  private func isNearer(_ pixel: Int, than known: Int, _ points: borrowing SparseDepth) -> Bool {
    let (depth, best) = (points.depth(pixel), points.depth(known))
    return depth < best || (depth == best && pixel < known)
  }

  /// Walks the cells, keeps `cap` of the occupied ones at equal steps, and clears them for the next time.
  private mutating func choose(from occupied: Int) {
    let kept = min(occupied, cap)
    var seen = 0
    count = 0
    for cell in 0..<nearest.count where nearest.base[cell] != 0 {
      if (seen + 1) * kept / occupied > seen * kept / occupied {
        pixels.base[count] = nearest.base[cell] - 1
        count += 1
      }
      seen += 1
      nearest.base[cell] = 0
    }
  }
}
