// The input side of Winograd's convolution: tiles read where they lie as far as possible, else from a gathered strip.
internal import CKernels

/// Transforms channel blocks of a unit of tiles.
struct WinogradInput {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let grid: WinogradGrid
  private let kernels: MicroKernels
  /// Floats per transform component, padded against cache-set conflicts.
  let componentStride: Int
  /// Floats of scratch of one part.
  let scratchFloats: Int

  var blockCount: Int { strip.blockCount }
  var counts: [Int32] { strip.counts }

  init(_ plan: ConvolutionPlan, _ strip: StripShape, _ grid: WinogradGrid, _ kernels: MicroKernels) {
    self.plan = plan
    self.strip = strip
    self.grid = grid
    self.kernels = kernels
    componentStride = strip.blockCount * grid.tilesPerUnit * 8 + 48
    let rows = grid.rowsPerUnit * 4 + 2
    scratchFloats = (max(strip.columns * rows, 36) * 8 + 79) / 16 * 16
  }

  /// Whether a block's components of odd symmetry vanish.
  ///
  /// In an image whose pixels stand twice in each direction, d1 = d2 and d3 = d4 in every tile, and the component of
  /// the point -1, (d4 - 4 d2) - (d3 - 4 d1), is zero. Tiles must start on the pairs and not reach past the image.
  func isPaired(_ block: Int) -> Bool {
    let w = plan.window
    return strip.segment(of: block).repetition % 2 == 0 && w.padTop == 1 && w.padLeft == 1
      && w.outputHeight % 4 == 0 && w.outputWidth % 4 == 0
  }

  /// Writes the 36 components of one block's tiles, `componentStride` apart.
  func transform(
    _ block: Int, _ unit: WinogradGrid.Unit, _ buffers: ConvolutionBuffers,
    scratch: UnsafeMutablePointer<Float>, into inputs: UnsafeMutablePointer<Float>
  ) {
    let target = inputs + block * unit.tiles * 8
    guard let plane = strip.inPlace(block, buffers.sources), buffers.scale == nil else {
      gather(block, buffers, first: unit.firstRow * 4, rows: unit.rows * 4 + 2, into: scratch)
      for row in 0..<unit.rows { transformStrip(scratch, row: row, unit, into: target) }
      return
    }
    for row in 0..<unit.rows {
      let y = (unit.firstRow + row) * 4 - strip.padTop
      if y >= 0 && y + 6 <= strip.height {
        transformRow(plane, block, y, unit, buffers, scratch, into: target + row * unit.columns * 8)
      } else {
        gather(block, buffers, first: (unit.firstRow + row) * 4, rows: 6, into: scratch)
        let line = WinogradGrid.Unit(
          firstRow: 0, rows: 1, firstColumn: unit.firstColumn, columns: unit.columns)
        transformStrip(scratch, row: 0, line, into: target + row * unit.columns * 8)
      }
    }
  }

  private func gather(
    _ block: Int, _ buffers: ConvolutionBuffers, first: Int, rows: Int,
    into scratch: UnsafeMutablePointer<Float>
  ) {
    strip.gather(
      block: block, buffers.sources, scale: buffers.scale, first: first, rows: rows, into: scratch)
  }

  private func transformStrip(
    _ gathered: UnsafePointer<Float>, row: Int, _ unit: WinogradGrid.Unit,
    into target: UnsafeMutablePointer<Float>
  ) {
    let line = strip.columns * 8
    kernels.functions.winogradInput(
      gathered + row * 4 * line + unit.firstColumn * 32, line, target + row * unit.columns * 8,
      componentStride, unit.columns)
  }

  /// A row of tiles whose rows all lie inside the image: only tiles at its ends reach past the border.
  private func transformRow(
    _ plane: UnsafePointer<Float>, _ block: Int, _ y: Int, _ unit: WinogradGrid.Unit,
    _ buffers: ConvolutionBuffers, _ scratch: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    let end = unit.firstColumn + unit.columns
    let low = min(end, max(unit.firstColumn, (strip.padLeft + 3) / 4))
    let high = max(low, min(end, (strip.width + strip.padLeft - 6) / 4 + 1))
    kernels.functions.winogradInput(
      plane + (y * strip.width + low * 4 - strip.padLeft) * 8, strip.width * 8,
      target + (low - unit.firstColumn) * 8, componentStride, high - low)
    for column in unit.firstColumn..<end where column < low || column >= high {
      strip.patch(plane, row: y, column: column * 4 - strip.padLeft, into: scratch)
      kernels.functions.winogradInput(
        scratch, 48, target + (column - unit.firstColumn) * 8, componentStride, 1)
    }
  }
}
