// 3x3 convolution of stride one by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct form.
internal import CKernels
package import Quantities

/// Transforms 6x6 input tiles, multiplies 36 matrices with the direct micro-kernels, transforms back.
///
/// Errors grow to about 1e-5 of the largest output. Weights take four times the memory of the direct form, so
/// planning uses it where the gain is worth it.
package final class WinogradConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let input: WinogradInput
  private let weights: WinogradWeights
  private let grid: WinogradGrid
  private let kernels: MicroKernels
  private let outBlocks: Int
  private let bias: UnsafeMutablePointer<Float>
  /// Floats per transform component of the product, padded against cache-set conflicts.
  private let productStride: Int
  private let tableFloats: Int
  private let queue: WorkQueue

  package let kernelName = "winograd"
  package let scratchFloats: Int

  /// Whether a convolution has the right form and enough tiles and channels to gain from it.
  package static func suits(_ w: Window, inChannels: Int, outChannels: Int) -> Bool {
    guard w.kernelHeight == 3, w.kernelWidth == 3, w.strideX == 1, w.strideY == 1, w.dilationX == 1,
      w.dilationY == 1, inChannels >= 16, outChannels >= 12
    else { return false }
    return WinogradGrid.pays(
      tiles: ((w.outputHeight + 3) / 4) * ((w.outputWidth + 3) / 4), inChannels: inChannels,
      outChannels: outChannels)
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
    grid = WinogradGrid(plan.window, blocks: strip.blockCount + outBlocks)
    input = WinogradInput(plan, strip, grid, kernels)
    self.weights = WinogradWeights(weights, plan, input, kernels)
    productStride = outBlocks * grid.tilesPerUnit * 8 + 48
    tableFloats = (strip.blockCount * 2 + 15) / 16 * 16
    let products = 36 * (input.componentStride + productStride) + 64
    // A whole image's transforms are shared by all parts.
    scratchFloats =
      tableFloats + input.scratchFloats + (grid.isWhole ? (products + parts - 1) / parts : products)
    self.bias = .allocate(capacity: outBlocks * 8)
    for channel in 0..<(outBlocks * 8) {
      self.bias[channel] = channel < plan.outChannels ? bias[channel] : 0
    }
  }

  deinit { bias.deallocate() }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    if grid.isWhole { return runWhole(buffers, executor) }
    queue.run(units: grid.unitRows * grid.columnGroups, executor) { index, part in
      let unit = grid.unit(index)
      let table = buffers.scratch + part * scratchFloats
      let inputs = table + tableFloats + input.scratchFloats
      let products = inputs + 36 * input.componentStride
      for block in 0..<input.blockCount {
        input.transform(block, unit, buffers, scratch: table + tableFloats, into: inputs)
      }
      for component in 0..<36 { multiply(component, inputs, unit, table: table, into: products) }
      for block in 0..<outBlocks { transformOutput(products, block: block, unit, buffers) }
    }
  }

  /// Three phases over all tiles: few tiles share many weights, which are then read once.
  private func runWhole(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    let unit = grid.unit(0)
    let own = tableFloats + input.scratchFloats
    let inputs = buffers.scratch + max(1, executor.width) * own
    let products = inputs + 36 * input.componentStride
    queue.run(units: input.blockCount, executor) { block, part in
      let scratch = buffers.scratch + part * own + tableFloats
      input.transform(block, unit, buffers, scratch: scratch, into: inputs)
    }
    queue.run(units: 36, executor) { component, part in
      multiply(component, inputs, unit, table: buffers.scratch + part * own, into: products)
    }
    queue.run(units: outBlocks, executor) { block, _ in
      transformOutput(products, block: block, unit, buffers)
    }
  }

  /// The product of one component: all tiles of a unit by all output channels.
  private func multiply(
    _ component: Int, _ inputs: UnsafePointer<Float>, _ unit: WinogradGrid.Unit,
    table: UnsafeMutablePointer<Float>, into products: UnsafeMutablePointer<Float>
  ) {
    let target = products + component * productStride
    let part = weights.components[component]
    guard part.blockCount > 0 else {
      target.update(repeating: 0, count: outBlocks * unit.tiles * 8)
      return
    }
    let blocks = UnsafeMutableRawPointer(table)
      .bindMemory(to: UnsafePointer<Float>?.self, capacity: part.blockCount)
    for index in 0..<part.blockCount {
      blocks[index] = inputs + component * input.componentStride + Int(part.blocks[index]) * unit.tiles * 8
    }
    var tile = ck_tile(
      blocks: blocks, counts: part.counts, blockCount: part.blockCount, offset: 0, kernelHeight: 1,
      kernelWidth: 1, rowStride: 0, tapStride: 0, pixelStride: 8)
    for panel in weights.panels {
      var epilogue = ck_epilogue(
        bias: nil, output: target + panel.firstChannel * unit.tiles, blockStride: unit.tiles * 8,
        residual: nil, minimum: 0, maximum: 0)
      panel.sweep(&tile, part.packed(panel), &epilogue, unit.tiles)
    }
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
      let source = products + (block * unit.tiles + tileRow * unit.columns) * 8
      var epilogue = ck_epilogue(
        bias: bias + block * 8, output: buffers.output + offset, blockStride: 0,
        residual: buffers.residual.map { $0 + offset }, minimum: plan.minimum, maximum: plan.maximum)
      let complete = rows == 4 ? columns / 4 : 0
      kernels.functions.winogradOutput(source, productStride, &epilogue, line, complete)
      for tile in complete..<unit.columns {
        partialTile(
          source + tile * 8, epilogue, at: tile * 32, rows: rows, columns: min(4, columns - tile * 4))
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
      kernels.functions.winogradOutput(products, productStride, &whole, 32, 1)
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
