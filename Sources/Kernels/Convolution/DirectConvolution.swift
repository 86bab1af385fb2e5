// Direct convolution over channel-blocked tensors, prepared once and run without allocating.
internal import CKernels
package import Quantities

/// Direct convolution with register tiles of pixels by output channels.
package final class DirectConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let panels: [Panel]
  private let weights: PackedWeights
  /// Output rows of one unit of work; pixels instead when rows are read in place.
  private let unitRows: Int
  private let rowUnits: Int
  /// Parts that the panels are cut into, where there are too few rows to share.
  private let panelUnits: Int
  /// Floats of the block table at the start of the scratch.
  private let tableFloats: Int
  private let queue: WorkQueue
  private let counts: UnsafeMutablePointer<Int32>

  package let kernelName = "direct"
  package let scratchFloats: Int

  /// - Parameters:
  ///   - weights: (M, C, kH, kW) with the input channels of the segments in order.
  ///   - bias: (M).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: MicroKernels = .portable
  ) {
    self.plan = plan
    queue = WorkQueue(parts: parts)
    let w = plan.window
    strip = StripShape(segments: plan.segments, border: plan.border, window: w)
    panels = Panel.cover(plan.outChannels, kernels)
    self.weights = PackedWeights(
      weights, bias: bias, outChannels: plan.outChannels, inChannels: plan.inChannels,
      taps: w.kernelHeight * w.kernelWidth, counts: strip.counts, panels: panels)
    counts = .allocate(capacity: max(1, strip.blockCount))
    counts.initialize(from: strip.counts, count: strip.blockCount)
    tableFloats = (strip.blockCount * 2 + 15) / 16 * 16
    if plan.readsInPlace {
      let pixels = w.outputHeight * w.outputWidth
      // Multiples of the tile, several units per part, inputs of one unit within the second-level cache.
      let wanted = min(pixels / (4 * parts), 65536 / max(8, plan.inChannels))
      unitRows = max(12, (wanted + 11) / 12 * 12)
      rowUnits = (pixels + unitRows - 1) / unitRows
      scratchFloats = tableFloats
    } else {
      let rowFloats = strip.floatCount(rows: 1)
      let overlap = (w.kernelHeight - 1) * w.dilationY + 1 - w.strideY
      let room = max(1, (98_304 / max(1, rowFloats) - overlap) / w.strideY)
      // A few rows of an image of many channels are shared by panels: every unit's weights are then its own.
      let sharesPanels = parts > 1 && w.outputHeight <= 2 * room && panels.count >= 2 * parts
      let most = sharesPanels ? w.outputHeight : (w.outputHeight + 2 * parts - 1) / (2 * parts)
      unitRows = max(1, min(room, most))
      rowUnits = (w.outputHeight + unitRows - 1) / unitRows
      let rows = w.inputRows(forOutputRows: unitRows)
      scratchFloats = (tableFloats + strip.floatCount(rows: rows) + 127) / 16 * 16
    }
    panelUnits =
      parts > 1 && rowUnits < 3 * parts ? min(panels.count, (3 * parts + rowUnits - 1) / rowUnits) : 1
  }

  deinit { counts.deallocate() }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    queue.run(units: rowUnits * panelUnits, executor) { unit, part in
      let scratch = buffers.scratch + part * scratchFloats
      let share = unit % panelUnits
      let range = panels.count * share / panelUnits..<panels.count * (share + 1) / panelUnits
      if plan.readsInPlace {
        runInPlace(unit / panelUnits, range, buffers, scratch)
      } else {
        runRows(unit / panelUnits, range, buffers, scratch)
      }
    }
  }

  /// Block addresses live at the start of the scratch.
  private func table(_ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UnsafePointer<Float>?> {
    UnsafeMutableRawPointer(scratch).bindMemory(to: UnsafePointer<Float>?.self, capacity: strip.blockCount)
  }

  private func runInPlace(
    _ unit: Int, _ range: Range<Int>, _ buffers: ConvolutionBuffers, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let pixels = plan.window.outputHeight * plan.window.outputWidth
    let first = unit * unitRows
    let blocks = table(scratch)
    var index = 0
    for segment in plan.segments.indices {
      for block in 0..<plan.segments[segment].blockCount {
        blocks[index] = buffers.sources[segment] + block * pixels * 8
        index += 1
      }
    }
    var tile = ck_tile(
      blocks: blocks, counts: counts, blockCount: strip.blockCount, offset: first * 8, kernelHeight: 1,
      kernelWidth: 1, rowStride: 0, tapStride: 0, pixelStride: 8)
    for panel in range {
      runRow(&tile, panel, pixels: min(unitRows, pixels - first), at: first, buffers)
    }
  }

  private func runRows(
    _ unit: Int, _ range: Range<Int>, _ buffers: ConvolutionBuffers, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let w = plan.window
    let first = unit * unitRows
    let last = min(first + unitRows, w.outputHeight)
    let rows = w.inputRows(forOutputRows: last - first)
    let blocks = table(scratch)
    let gathered = scratch + tableFloats
    strip.gather(
      buffers.sources, scale: buffers.scale, first: first * w.strideY, rows: rows, into: gathered)
    for block in 0..<strip.blockCount {
      blocks[block] = UnsafePointer(gathered + rows * strip.columns * 8 * block)
    }
    var tile = ck_tile(
      blocks: blocks, counts: counts, blockCount: strip.blockCount, offset: 0, kernelHeight: w.kernelHeight,
      kernelWidth: w.kernelWidth, rowStride: strip.columns * 8 * w.dilationY, tapStride: w.dilationX * 8,
      pixelStride: w.strideX * 8)
    for panel in range {
      for row in first..<last {
        tile.offset = (row - first) * w.strideY * strip.columns * 8
        runRow(&tile, panel, pixels: w.outputWidth, at: row * w.outputWidth, buffers)
      }
    }
  }

  /// One panel over `pixels` output pixels that start at pixel `position` of the output.
  @inline(__always)
  private func runRow(
    _ tile: inout ck_tile, _ index: Int, pixels: Int, at position: Int, _ buffers: ConvolutionBuffers
  ) {
    let panel = panels[index]
    let plane = plan.window.outputHeight * plan.window.outputWidth
    let offset = panel.firstChannel * plane + position * 8
    var epilogue = ck_epilogue(
      bias: weights.bias(index), output: buffers.output + offset, blockStride: plane * 8,
      residual: buffers.residual.map { $0 + offset }, minimum: plan.minimum, maximum: plan.maximum)
    panel.sweep(&tile, weights.panel(index), &epilogue, pixels)
    if let function = plan.function {
      for block in 0..<(panel.lanes / 8) {
        let row = buffers.output + offset + block * plane * 8
        function.apply(row, into: row, count: pixels * 8)
      }
    }
  }
}
