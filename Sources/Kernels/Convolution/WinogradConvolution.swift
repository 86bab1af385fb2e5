// 3x3 convolution of stride one by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct form.
internal import CKernels
package import Quantities

/// Transforms 6x6 input tiles and the filters, multiplies 36 matrices with the direct micro-kernels, transforms back.
///
/// Errors grow to about 1e-5 of the largest output.
package final class WinogradConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let kernels: MicroKernels
  private let input: WinogradInput
  private let filters: WinogradFilters
  private let grid: WinogradGrid
  private let outBlocks: Int
  private let bias: UnsafeMutablePointer<Float>
  /// Floats per transform component of the product, padded against cache-set conflicts.
  private let productStride: Int
  private let tableFloats: Int
  /// Rows of components whose filters are transformed together; all of them but in whole grids.
  private let rowsPerGroup: Int
  /// Floats of a part's own scratch: block table, gathered pixels, transformed filters.
  private let ownFloats: Int
  private let queue: WorkQueue

  package let kernelName = "winograd"
  package let scratchFloats: Int

  /// Whether a convolution has the right form and gains from it.
  package static func suits(_ w: Window, inChannels: Int, outChannels: Int) -> Bool {
    guard w.kernelHeight == 3, w.kernelWidth == 3, w.strideX == 1, w.strideY == 1, w.dilationX == 1,
      w.dilationY == 1, inChannels >= 16, outChannels >= 12
    else { return false }
    return WinogradGrid.pays(
      height: w.outputHeight, width: w.outputWidth, inChannels: inChannels, outChannels: outChannels)
  }

  /// - Parameters:
  ///   - weights: (M, C, 3, 3); `bias`: (M).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: MicroKernels = .portable
  ) {
    self.plan = plan
    queue = WorkQueue(parts: parts)
    self.kernels = kernels
    let strip = StripShape(segments: plan.segments, border: plan.border, window: plan.window)
    outBlocks = (plan.outChannels + 7) / 8
    grid = WinogradGrid(plan.window, blocks: strip.blockCount + outBlocks, parts: parts)
    input = WinogradInput(plan, strip, grid, kernels)
    filters = WinogradFilters(weights, plan, input, kernels)
    productStride = outBlocks * grid.tilesPerUnit * 8 + 48
    tableFloats = (2 * strip.blockCount * 2 + 15) / 16 * 16
    rowsPerGroup = grid.isWhole ? Self.rowsPerGroup(filterFloats: filters.largestSize) : 6
    let filterFloats = rowsPerGroup * 6 * (grid.isWhole ? filters.largestSize : filters.size)
    ownFloats = tableFloats + input.scratchFloats + (filterFloats + 15) / 16 * 16
    let products = 36 * (input.componentStride + productStride) + 64
    // A whole image's transforms are shared by all parts.
    scratchFloats = ownFloats + (grid.isWhole ? (products + parts - 1) / parts : products)
    self.bias = .allocate(capacity: outBlocks * 8)
    for channel in 0..<(outBlocks * 8) {
      self.bias[channel] = channel < plan.outChannels ? bias[channel] : 0
    }
  }

  deinit { bias.deallocate() }

  /// Where a part keeps the filters that it transforms.
  private func matrices(_ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    scratch + tableFloats + input.scratchFloats
  }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    if grid.isWhole { return runWhole(buffers, executor) }
    func transformFilters(part: Int) {
      let matrices = matrices(buffers.scratch + part * scratchFloats)
      for panel in filters.panels {
        filters.transform(panel, rows: 0..<6, into: matrices + panel.start * 36)
      }
    }
    queue.run(units: grid.unitRows * grid.columnGroups, executor, prepare: transformFilters) { index, part in
      let unit = grid.unit(index)
      let table = buffers.scratch + part * scratchFloats
      let matrices = matrices(table)
      let inputs = table + ownFloats
      let products = inputs + 36 * input.componentStride
      for block in 0..<input.blockCount {
        input.transform(block, unit, buffers, scratch: table + tableFloats, into: inputs)
      }
      let tiles = tiles(inputs, unit, table: table)
      for component in 0..<36 {
        var tile = WinogradFilters.vanishes(component) ? tiles.unpaired : tiles.all
        tile.offset = component * input.componentStride
        for panel in filters.panels {
          multiply(
            &tile, panel, matrices + panel.start * 36 + component * panel.size, unit,
            into: products + component * productStride)
        }
      }
      for block in 0..<outBlocks { transformOutput(products, block: block, unit, buffers) }
    }
  }

  /// Three phases over all tiles: few tiles share many filters, which are then transformed once.
  private func runWhole(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    let unit = grid.unit(0)
    let inputs = buffers.scratch + max(1, executor.width) * ownFloats
    let products = inputs + 36 * input.componentStride
    queue.run(units: input.blockCount, executor) { block, part in
      let scratch = buffers.scratch + part * ownFloats + tableFloats
      input.transform(block, unit, buffers, scratch: scratch, into: inputs)
    }
    let schedule = FilterSchedule(filters.panels, groups: 6 / rowsPerGroup, isAlone: executor.width == 1)
    queue.run(units: schedule.count, executor) { index, part in
      let table = buffers.scratch + part * ownFloats
      let matrices = matrices(table)
      let (panel, group) = schedule.unit(index)
      let first = group * rowsPerGroup
      let tiles = tiles(inputs, unit, table: table)
      filters.transform(panel, rows: first..<first + rowsPerGroup, into: matrices)
      for place in 0..<rowsPerGroup * 6 {
        schedule.prefetch(after: index, place, of: rowsPerGroup * 6)
        let component = first * 6 + place
        var tile = WinogradFilters.vanishes(component) ? tiles.unpaired : tiles.all
        tile.offset = component * input.componentStride
        multiply(
          &tile, panel, matrices + place * panel.size, unit, into: products + component * productStride)
      }
    }
    queue.run(units: outBlocks, executor) { block, _ in
      transformOutput(products, block: block, unit, buffers)
    }
  }

  /// Rows of components that are transformed and multiplied together where all parts share the tiles: few enough that
  /// their filters stay in the second-level cache, and no more than half, so that two parts have some each.
  private static func rowsPerGroup(filterFloats: Int) -> Int { 18 * filterFloats <= 160_000 ? 3 : 1 }

  /// What the products of a unit read, its tiles as neighbouring pixels: components with all blocks, and those without
  /// the paired ones. `offset` is left to be set to the component's.
  private func tiles(
    _ inputs: UnsafePointer<Float>, _ unit: WinogradGrid.Unit, table: UnsafeMutablePointer<Float>
  ) -> (all: ck_tile, unpaired: ck_tile) {
    let blocks = UnsafeMutableRawPointer(table)
      .bindMemory(to: UnsafePointer<Float>?.self, capacity: 2 * input.blockCount)
    func tile(_ part: WinogradFilters.Participants, _ blocks: UnsafeMutablePointer<UnsafePointer<Float>?>)
      -> ck_tile
    {
      for index in 0..<part.blockCount {
        blocks[index] = inputs + Int(part.blocks[index]) * unit.spacing * 8
      }
      return ck_tile(
        blocks: blocks, counts: part.counts, blockCount: part.blockCount, offset: 0, kernelHeight: 1,
        kernelWidth: 1, rowStride: 0, tapStride: 0, pixelStride: 8)
    }
    return (tile(filters.all, blocks), tile(filters.unpaired, blocks + input.blockCount))
  }

  /// The product of one component and one panel of output channels.
  @inline(__always)
  private func multiply(
    _ tile: inout ck_tile, _ packed: WinogradFilters.PackedPanel, _ matrix: UnsafePointer<Float>,
    _ unit: WinogradGrid.Unit, into products: UnsafeMutablePointer<Float>
  ) {
    let target = products + packed.panel.firstChannel * unit.spacing
    guard tile.blockCount > 0 else {
      return target.update(repeating: 0, count: packed.panel.lanes * unit.spacing)
    }
    var epilogue = ck_epilogue(
      bias: nil, output: target, blockStride: unit.spacing * 8, residual: nil, minimum: 0, maximum: 0)
    packed.panel.sweep(&tile, matrix, &epilogue, unit.tiles)
  }

  /// One block of eight output channels of a unit.
  private func transformOutput(
    _ products: UnsafePointer<Float>, block: Int, _ unit: WinogradGrid.Unit, _ buffers: ConvolutionBuffers
  ) {
    let w = plan.window
    let line = w.outputWidth * 8
    for tileRow in 0..<unit.rows {
      let y = (unit.firstRow + tileRow) * 4
      let x = unit.firstColumn * 4
      let rows = min(4, w.outputHeight - y)
      let columns = min(unit.columns * 4, w.outputWidth - x)
      let offset = ((block * w.outputHeight + y) * w.outputWidth + x) * 8
      let source = products + (block * unit.spacing + tileRow * unit.columns) * 8
      var epilogue = ck_epilogue(
        bias: bias + block * 8, output: buffers.output + offset, blockStride: 0,
        residual: buffers.residual.map { $0 + offset }, minimum: plan.minimum, maximum: plan.maximum)
      let complete = rows == 4 ? columns / 4 : 0
      kernels.functions.winogradOutput(source, productStride, &epilogue, line, complete)
      for tile in complete..<unit.columns {
        partialTile(
          source + tile * 8, epilogue, at: tile * 4 * 8, rows: rows,
          columns: min(4, columns - tile * 4))
      }
      guard let function = plan.function else { continue }
      for row in 0..<rows {
        let target = buffers.output + offset + row * line
        function.apply(target, into: target, count: columns * 8)
      }
    }
  }

  /// A tile that reaches past the output's edge, by way of the stack.
  private func partialTile(
    _ products: UnsafePointer<Float>, _ epilogue: ck_epilogue, at offset: Int, rows: Int, columns: Int
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 128) { tile in
      guard let base = tile.baseAddress else { return }
      var whole = ck_epilogue(
        bias: epilogue.bias, output: base, blockStride: 0, residual: nil, minimum: -.infinity,
        maximum: .infinity)
      kernels.functions.winogradOutput(products, productStride, &whole, 4 * 8, 1)
      for row in 0..<rows {
        for column in 0..<columns {
          let at = offset + (row * plan.window.outputWidth + column) * 8
          var sum = load8(base + (row * 4 + column) * 8)
          if let residual = epilogue.residual { sum += load8(residual + at) }
          store(vectorClamp(sum, epilogue.minimum, epilogue.maximum), epilogue.output + at)
        }
      }
    }
  }
}
