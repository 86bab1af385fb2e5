/// Maximum of features over the active cells of rows and columns 2i-1 ... 2i+1, at the cells that are active above
/// them. A cell at an odd coordinate also enters its next neighbour's maximum, but never activates it.
///
/// - Parameters:
///   - features: (finer.count, channels).
///   - pooled: receives (cells.count, channels).
/// - Source: MinkowskiEngine's strided pooling, as docs/bundle.md states it.
func sparsePool(
  _ features: UnsafePointer<Float>, of finer: CellList, channels: Int, to cells: ActiveCells,
  into pooled: UnsafeMutablePointer<Float>
) {
  pooled.update(repeating: -.infinity, count: cells.count * channels)
  for index in 0..<finer.count {
    let row = Int(finer.rows[index])
    let column = Int(finer.columns[index])
    let source = features + index &* channels
    // Cells past the last row or column lie in the margin, which is never active.
    for coarseRow in (row / 2)...(row &+ 1) / 2 {
      for coarseColumn in (column / 2)...(column &+ 1) / 2 {
        let place = Int(cells.place(row: coarseRow, column: coarseColumn)) &- 1
        guard place >= 0 else { continue }
        raise(pooled + place &* channels, to: source, channels)
      }
    }
  }
}

@inline(__always)
private func raise(_ target: UnsafeMutablePointer<Float>, to source: UnsafePointer<Float>, _ count: Int) {
  for channel in 0..<count {
    let value = source[channel]
    target[channel] = value > target[channel] ? value : target[channel]
  }
}
