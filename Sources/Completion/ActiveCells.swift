import Kernels

/// The active cells of a grid, row by row, and where each stands in that order.
final class ActiveCells {
  let width: Int
  let height: Int
  private(set) var count = 0
  let rows: Scratch<Int32>
  let columns: Scratch<Int32>
  /// Cells around the grid that are never active, so that a convolution may look past its border.
  private let margin: Int
  private let pitch: Int
  /// Place + 1 of each cell of the grid with its margin; 0 = not active.
  private let places: Scratch<Int32>

  /// - Parameters:
  ///   - margin: how far outside the grid `place` may be asked for.
  ///   - capacity: the most cells that will be active at once.
  init(width: Int, height: Int, margin: Int, capacity: Int) {
    self.width = width
    self.height = height
    self.margin = margin
    pitch = width + 2 * margin
    rows = Scratch(count: min(capacity, width * height))
    columns = Scratch(count: min(capacity, width * height))
    places = Scratch(count: pitch * (height + 2 * margin))
  }

  /// Place + 1 of a cell, 0 when it is not active; `row` and `column` may lie outside the grid by the margin.
  @inline(__always)
  func place(row: Int, column: Int) -> Int32 { places.base[(row &+ margin) &* pitch &+ column &+ margin] }

  /// Index of a cell into the grid with its margin: neighbours differ by `offset`.
  @inline(__always)
  func address(_ place: Int) -> Int {
    (Int(rows.base[place]) &+ margin) &* pitch &+ Int(columns.base[place]) &+ margin
  }

  /// How much further in the grid with its margin a neighbour lies.
  func offset(rows: Int, columns: Int) -> Int { rows * pitch + columns }

  /// Place + 1 by address.
  @inline(__always)
  func place(at address: Int) -> Int32 { places.base[address] }

  /// Makes the cells active that hold a cell of a grid twice as fine.
  func activate(above finer: CellList) {
    for place in 0..<count { places.base[address(place)] = 0 }
    for index in 0..<finer.count {
      let row = Int(finer.rows[index]) / 2
      places.base[(row &+ margin) &* pitch &+ Int(finer.columns[index]) / 2 &+ margin] = 1
    }
    count = 0
    for row in 0..<height {
      let line = places.base + (row + margin) * pitch + margin
      var column = 0
      while column < width {
        // Most of a sparse grid is empty: look at eight cells at once.
        if column &+ 8 <= width,
          UnsafeRawPointer(line + column).loadUnaligned(as: SIMD8<Int32>.self) == .zero
        {
          column &+= 8
          continue
        }
        if line[column] != 0 { append(row, column, line) }
        column &+= 1
      }
    }
  }

  @inline(__always)
  private func append(_ row: Int, _ column: Int, _ line: UnsafeMutablePointer<Int32>) {
    rows.base[count] = Int32(truncatingIfNeeded: row)
    columns.base[count] = Int32(truncatingIfNeeded: column)
    count &+= 1
    line[column] = Int32(truncatingIfNeeded: count)
  }

  var list: CellList { CellList(rows: rows.base, columns: columns.base, count: count) }
}

/// Rows and columns of some cells.
struct CellList {
  let rows: UnsafePointer<Int32>
  let columns: UnsafePointer<Int32>
  let count: Int
}
