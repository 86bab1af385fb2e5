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
  /// Floats of scratch of one part: a row that may be zeros, and gathered pixels.
  let scratchFloats: Int
  private let zeroFloats: Int

  var blockCount: Int { strip.blockCount }
  var counts: [Int32] { strip.counts }

  init(_ plan: ConvolutionPlan, _ strip: StripShape, _ grid: WinogradGrid, _ kernels: MicroKernels) {
    self.plan = plan
    self.strip = strip
    self.grid = grid
    self.kernels = kernels
    componentStride = strip.blockCount * grid.tilesPerUnit * 8 + 48
    let rows = grid.rowsPerUnit * 4 + 2
    zeroFloats = strip.columns * 8
    scratchFloats = (zeroFloats + max(strip.columns * rows, 36) * 8 + 79) / 16 * 16
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
    let target = inputs + block * unit.spacing * 8
    guard let image = tiledImage(block, buffers) else {
      gather(block, buffers, first: unit.firstRow * 4, rows: unit.rows * 4 + 2, into: scratch)
      for row in 0..<unit.rows { transformStrip(scratch, row: row, unit, into: target) }
      return
    }
    withUnsafePointer(to: strip.factors(block, buffers.scale)) { factors in
      let factors = UnsafeRawPointer(factors).assumingMemoryBound(to: Float.self)
      let scale = buffers.scale == nil ? nil : factors
      for row in 0..<unit.rows {
        transformRow(image, unit.firstRow + row, unit, scale, scratch, into: target + row * unit.columns * 8)
      }
    }
  }

  /// A block whose tiles can be read where they lie; nil when pixels have to be put together first.
  private func tiledImage(_ block: Int, _ buffers: ConvolutionBuffers) -> TiledImage? {
    let segment = strip.segment(of: block)
    guard let plane = strip.plane(block, buffers.sources) else { return nil }
    switch segment.repetition {
    case 1:
      return TiledImage(
        plane: plane, height: segment.height, width: segment.width, repetition: 1, border: strip.border,
        padTop: strip.padTop, padLeft: strip.padLeft, transform: kernels.functions.winogradInput)
    case 2 where isPaired(block):
      return TiledImage(
        plane: plane, height: segment.height, width: segment.width, repetition: 2, border: strip.border,
        padTop: 1, padLeft: 1, transform: kernels.functions.winogradDoubledInput)
    default: return nil
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
    let first = gathered + row * 4 * line + unit.firstColumn * 32
    withPixelRows { rows in
      for y in 0..<6 { rows[y] = UnsafePointer(first + y * line) }
      kernels.functions.winogradInput(
        rows, nil, target + row * unit.columns * 8, componentStride, unit.columns)
    }
  }

  /// Room for the addresses of the rows of a tile.
  @inline(__always)
  private func withPixelRows(_ body: (UnsafeMutablePointer<UnsafePointer<Float>?>) -> Void) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 6) { buffer in
      if let rows = buffer.baseAddress { body(rows) }
    }
  }

  /// A row of tiles; those that reach past the image's sides by way of `scratch`.
  private func transformRow(
    _ image: TiledImage, _ row: Int, _ unit: WinogradGrid.Unit, _ scale: UnsafePointer<Float>?,
    _ scratch: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let columns = unit.firstColumn..<unit.firstColumn + unit.columns
    let inside = image.columnsInside.clamped(to: columns)
    if !image.isInside(row: row) { scratch.update(repeating: 0, count: zeroFloats) }
    withPixelRows { (rows: UnsafeMutablePointer<UnsafePointer<Float>?>) -> Void in
      func write(_ part: Range<Int>) {
        let place = target + (part.lowerBound - columns.lowerBound) * 8
        image.transform(rows, scale, place, componentStride, part.count)
      }
      if !inside.isEmpty {
        image.pixelRows(row: row, column: inside.lowerBound, zeros: scratch, rows)
        write(inside)
      }
      let left = columns.lowerBound..<inside.lowerBound
      let right = inside.upperBound..<columns.upperBound
      if gatherRows(of: image, row: row, columns: left, into: scratch + zeroFloats, rows) { write(left) }
      if gatherRows(of: image, row: row, columns: right, into: scratch + zeroFloats, rows) { write(right) }
    }
  }

  /// Puts the pixels of tiles at one side of the image together; false where there are none.
  private func gatherRows(
    of image: TiledImage, row: Int, columns: Range<Int>, into gathered: UnsafeMutablePointer<Float>,
    _ rows: UnsafeMutablePointer<UnsafePointer<Float>?>
  ) -> Bool {
    guard !columns.isEmpty else { return false }
    image.gather(row: row, columns: columns, into: gathered)
    let line = image.pixels(ofTiles: columns.count) * 8
    for y in 0..<image.side { rows[y] = UnsafePointer(gathered + y * line) }
    return true
  }
}
