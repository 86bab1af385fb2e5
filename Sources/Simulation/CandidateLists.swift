/// Scratch memory of the renderer: for each row of tiles, the candidates of the row, of one tile, and of the
/// tile's shadows.
///
/// Each row of tiles is drawn by one thread, so rows never share.
final class CandidateLists {
  private let rows: Int
  private var memory: UnsafeMutablePointer<Int32>
  private var capacity = 1024

  init(rows: Int) {
    self.rows = rows
    self.memory = .allocate(capacity: rows * 3 * capacity)
  }

  deinit {
    memory.deallocate()
  }

  /// Makes every list able to hold `count` entries.
  func reserve(_ count: Int) {
    guard count > capacity else { return }
    capacity = count + count / 2
    memory.deallocate()
    memory = .allocate(capacity: rows * 3 * capacity)
  }

  /// The lists of one row of tiles.
  func lists(
    ofRow row: Int
  ) -> (
    row: UnsafeMutablePointer<Int32>, tile: UnsafeMutablePointer<Int32>, shadow: UnsafeMutablePointer<Int32>
  ) {
    let start = memory + row * 3 * capacity
    return (start, start + capacity, start + 2 * capacity)
  }
}
