// Direct convolution over channel-blocked tensors, prepared once and run without allocating.
package import Quantities

/// Everything fixed about one convolution before its weights are packed.
package struct ConvolutionPlan: Sendable {
  package var window: Window
  package var segments: [InputSegment]
  package var border: BorderMode
  package var outChannels: Int
  /// Lower and upper limits applied to the result; infinite for none.
  package var minimum: Float
  package var maximum: Float
  /// Applied after the limits, for activations that are not a clamp.
  package var function: UnaryFunction?
  package var hasScale: Bool

  package init(
    window: Window, segments: [InputSegment], border: BorderMode = .zero, outChannels: Int,
    minimum: Float = -.infinity, maximum: Float = .infinity, function: UnaryFunction? = nil,
    hasScale: Bool = false
  ) {
    self.window = window
    self.segments = segments
    self.border = border
    self.outChannels = outChannels
    self.minimum = minimum
    self.maximum = maximum
    self.function = function
    self.hasScale = hasScale
  }

  package var inChannels: Int { segments.reduce(0) { $0 + $1.channels } }

  /// One blocked input of stride one and no border: pixels are read where they lie, as one long row.
  package var readsInPlace: Bool {
    let w = window
    return w.kernelHeight == 1 && w.kernelWidth == 1 && w.strideX == 1 && w.strideY == 1 && !hasScale
      && w.padTop + w.padLeft + w.padBottom + w.padRight == 0
      && segments.allSatisfy { $0.isBlocked && $0.repetition == 1 }
  }
}

/// Where one run of a convolution reads and writes.
package struct ConvolutionBuffers {
  /// Address of each input segment.
  package var sources: UnsafePointer<UnsafePointer<Float>>
  package var scale: UnsafePointer<Float>?
  /// Laid out as the output, added before the activation.
  package var residual: UnsafePointer<Float>?
  /// (outChannels / 8, H, W, 8).
  package var output: UnsafeMutablePointer<Float>
  /// `scratchFloats` floats per part of the executor.
  package var scratch: UnsafeMutablePointer<Float>

  package init(
    sources: UnsafePointer<UnsafePointer<Float>>, scale: UnsafePointer<Float>?,
    residual: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    self.sources = sources
    self.scale = scale
    self.residual = residual
    self.output = output
    self.scratch = scratch
  }
}

/// A convolution that can run: packed weights and a division of the work.
package protocol PreparedConvolution: AnyObject {
  /// Floats of scratch each part needs.
  var scratchFloats: Int { get }
  func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor)
}

/// Direct convolution with register tiles of pixels by output channels.
package final class DirectConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let panels: [Panel]
  private let weights: PackedWeights
  private let kernels: TileKernels
  /// Output rows of one unit of work; pixels instead when rows are read in place.
  private let unitRows: Int
  private let units: Int
  /// Floats of the block table at the start of the scratch.
  private let tableFloats: Int
  private let queue = WorkQueue()
  private let counts: UnsafeMutablePointer<Int32>

  package private(set) var scratchFloats = 0

  /// - Parameters:
  ///   - weights: (M, C, kH, kW) with the input channels of the segments in order.
  ///   - bias: (M).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: TileKernels = .portable
  ) {
    self.plan = plan
    self.kernels = kernels
    let w = plan.window
    strip = StripShape(segments: plan.segments, border: plan.border, window: w)
    panels = Panel.cover(plan.outChannels, kernels)
    self.weights = PackedWeights(
      weights, bias: bias, outChannels: plan.outChannels, inChannels: plan.inChannels,
      taps: w.kernelHeight * w.kernelWidth, counts: strip.counts, panels: panels)
    counts = .allocate(capacity: max(1, strip.blockCount))
    counts.initialize(from: strip.counts, count: strip.blockCount)
    tableFloats = (strip.blockCount * MemoryLayout<UnsafePointer<Float>>.stride / 4 + 15) / 16 * 16
    if plan.readsInPlace {
      let pixels = w.outputHeight * w.outputWidth
      // Multiples of the tile, several units per part, inputs of one unit within the second-level cache.
      let wanted = min(pixels / (4 * parts), 65536 / max(8, plan.inChannels))
      unitRows = max(12, (wanted + 11) / 12 * 12)
      units = (pixels + unitRows - 1) / unitRows
      scratchFloats = tableFloats
    } else {
      let rowFloats = strip.floatCount(rows: 1)
      let overlap = (w.kernelHeight - 1) * w.dilationY + 1 - w.strideY
      let room = max(1, (98_304 / max(1, rowFloats) - overlap) / w.strideY)
      unitRows = max(1, min(room, (w.outputHeight + 2 * parts - 1) / (2 * parts)))
      units = (w.outputHeight + unitRows - 1) / unitRows
      let rows = (unitRows - 1) * w.strideY + (w.kernelHeight - 1) * w.dilationY + 1
      scratchFloats = (tableFloats + strip.floatCount(rows: rows) + 127) / 16 * 16
    }
  }

  deinit { counts.deallocate() }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    queue.run(units: units, executor) { unit, part in
      let scratch = buffers.scratch + part * scratchFloats
      if plan.readsInPlace {
        runInPlace(unit, buffers, scratch)
      } else {
        runRows(unit, buffers, scratch)
      }
    }
  }

  /// Block addresses live at the start of the scratch.
  private func table(_ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UnsafePointer<Float>> {
    UnsafeMutableRawPointer(scratch).bindMemory(to: UnsafePointer<Float>.self, capacity: strip.blockCount)
  }

  private func runInPlace(
    _ unit: Int, _ buffers: ConvolutionBuffers, _ scratch: UnsafeMutablePointer<Float>
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
    let tile = DirectTile(
      blocks: blocks, counts: counts, blockCount: strip.blockCount, offset: first * 8, kernelHeight: 1,
      kernelWidth: 1, rowStride: 0, tapStride: 0, pixelStride: 8)
    for panel in panels.indices {
      runRow(tile, panel, pixels: min(unitRows, pixels - first), at: first, buffers)
    }
  }

  private func runRows(
    _ unit: Int, _ buffers: ConvolutionBuffers, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let w = plan.window
    let first = unit * unitRows
    let last = min(first + unitRows, w.outputHeight)
    let rows = (last - first - 1) * w.strideY + (w.kernelHeight - 1) * w.dilationY + 1
    let blocks = table(scratch)
    let gathered = scratch + tableFloats
    strip.gather(
      buffers.sources, scale: buffers.scale, first: first * w.strideY, rows: rows, into: gathered)
    for block in 0..<strip.blockCount {
      blocks[block] = UnsafePointer(gathered + strip.floatCount(rows: rows) / strip.blockCount * block)
    }
    var tile = DirectTile(
      blocks: blocks, counts: counts, blockCount: strip.blockCount, offset: 0, kernelHeight: w.kernelHeight,
      kernelWidth: w.kernelWidth, rowStride: strip.columns * 8 * w.dilationY, tapStride: w.dilationX * 8,
      pixelStride: w.strideX * 8)
    for panel in panels.indices {
      for row in first..<last {
        tile.offset = (row - first) * w.strideY * strip.columns * 8
        runRow(tile, panel, pixels: w.outputWidth, at: row * w.outputWidth, buffers)
      }
    }
  }

  /// One panel over `pixels` output pixels that start at pixel `position` of the output.
  @inline(__always)
  private func runRow(
    _ start: DirectTile, _ index: Int, pixels: Int, at position: Int, _ buffers: ConvolutionBuffers
  ) {
    let panel = panels[index]
    let plane = plan.window.outputHeight * plan.window.outputWidth
    let offset = panel.firstChannel * plane + position * 8
    let epilogue = DirectEpilogue(
      bias: weights.bias(index), output: buffers.output + offset, blockStride: plane * 8,
      residual: buffers.residual.map { $0 + offset }, minimum: plan.minimum, maximum: plan.maximum)
    sweep(
      panel.isWide ? kernels.wide : kernels.narrow, start, weights.panel(index), epilogue, pixels: pixels)
    if let function = plan.function {
      for block in 0..<(panel.isWide ? 2 : 1) {
        let row = buffers.output + offset + block * plane * 8
        function.apply(row, into: row, count: pixels * 8)
      }
    }
  }
}
