import Kernels
public import Quantities

/// Finds the points that a sensor beside the camera saw past something nearer, which the camera sees instead.
///
/// Such a point falls between nearer ones: on both sides of it, left and right or above and below, within a few
/// cells, lie points clearly nearer; or a clearly nearer one lies right beside it. What sits in a narrow gap or hugs
/// the edge of something goes too: no point is better than a wrong one. Allocated once.
public struct OcclusionFilter: ~Copyable {
  /// Cells of so many pixels squared are compared by their nearest point.
  private static let cellPixels = 4
  /// How far on either side nearer points are looked for, cells.
  private static let reach = 3
  /// Nearer than this share of a point's depth hides it.
  private static let nearShare: Float = 0.85
  /// A nearer point within so many pixels to each side hides one.
  private static let margin = 3

  private let columns: Int
  private let rows: Int
  /// Depth of each cell's nearest point, metres; +Inf = none.
  private let nearest: Scratch<Float>
  private let width: Int
  private let height: Int
  /// Depth of each pixel's point, and the nearest within the margin to its left and right; +Inf = none. With the margin
  /// around them.
  private let depths: Scratch<Float>
  private let beside: Scratch<Float>

  /// - Parameter size: of the grid; both sides multiples of 4.
  public init(size: ImageSize) {
    columns = size.width / Self.cellPixels
    rows = size.height / Self.cellPixels
    nearest = Scratch(count: columns * rows)
    (width, height) = (size.width, size.height)
    let floats = (width + 2 * Self.margin) * (height + 2 * Self.margin)
    depths = Scratch(count: floats)
    beside = Scratch(count: floats)
    beside.base.update(repeating: .infinity, count: floats)
  }

  /// Takes the hidden points out and counts them as occluded instead of kept.
  public func run(_ points: inout SparseDepth, _ counts: inout RangeCounts) {
    nearest.base.update(repeating: .infinity, count: columns * rows)
    for place in 0..<points.count {
      let (pixel, depth) = points.point(place)
      let cell = cell(row: pixel / points.size.width, column: pixel % points.size.width)
      nearest.base[cell] = min(nearest.base[cell], depth)
    }
    let removed = removeBetween(&points) + removeBeside(&points)
    counts.kept -= removed
    counts.occluded += removed
  }

  private func removeBetween(_ points: inout SparseDepth) -> Int {
    points.remove { row, column, depth in
      let limit = depth * Self.nearShare
      let (y, x) = (row / Self.cellPixels, column / Self.cellPixels)
      return isNearer(limit, y, x, 0, -1) && isNearer(limit, y, x, 0, 1)
        || isNearer(limit, y, x, -1, 0) && isNearer(limit, y, x, 1, 0)
    }
  }

  private func removeBeside(_ points: inout SparseDepth) -> Int {
    let (pitch, reach) = (width + 2 * Self.margin, 2 * Self.margin)
    depths.base.update(repeating: .infinity, count: depths.count)
    for place in 0..<points.count {
      let (pixel, depth) = points.point(place)
      depths.base[index(pixel / width, pixel % width)] = depth
    }
    for row in 0..<height {
      let (source, target) = (depths.base + index(row, -Self.margin), beside.base + index(row, 0))
      for column in 0..<width {
        var least = source[column]
        for step in 1...reach { least = min(least, source[column &+ step]) }
        target[column] = least
      }
    }
    return points.remove { row, column, depth in
      let window = beside.base + index(row - Self.margin, column)
      return (0...reach).contains { window[$0 * pitch] < depth * Self.nearShare }
    }
  }

  /// Place of a pixel in a plane with a margin.
  private func index(_ row: Int, _ column: Int) -> Int {
    (row + Self.margin) * (width + 2 * Self.margin) + column + Self.margin
  }

  private func cell(row: Int, column: Int) -> Int {
    row / Self.cellPixels * columns + column / Self.cellPixels
  }

  /// Whether a cell in one direction holds a point nearer than `limit`.
  private func isNearer(_ limit: Float, _ row: Int, _ column: Int, _ down: Int, _ right: Int) -> Bool {
    var (y, x) = (row, column)
    for _ in 0..<Self.reach {
      y += down
      x += right
      guard y >= 0, y < rows, x >= 0, x < columns else { return false }
      if nearest.base[y * columns + x] < limit { return true }
    }
    return false
  }
}
