// Convolution to one output channel with a plain result, for the heads of depth networks: with the lanes over the
// output channels, seven of eight would be empty.
internal import CKernels
package import Quantities

/// One dot product per pixel over all input channels and taps; writes (1, H, W), not blocked.
package final class SingleChannelConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let kernels: MicroKernels
  /// (block, tap, 8), zero where a block has fewer channels.
  private let weights: UnsafeMutablePointer<Float>
  private let bias: Float
  private let unitRows: Int
  private let tableFloats: Int
  private let queue: WorkQueue

  package let kernelName = "dot"
  package let scratchFloats: Int

  /// - Parameters:
  ///   - weights: (1, C, kH, kW); `bias`: (1).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: MicroKernels = .portable
  ) {
    self.plan = plan
    queue = WorkQueue(parts: parts)
    self.kernels = kernels
    self.bias = bias[0]
    let w = plan.window
    let strip = StripShape(segments: plan.segments, border: plan.border, window: w, spareColumns: 8)
    self.strip = strip
    let taps = w.kernelHeight * w.kernelWidth
    let packed = UnsafeMutablePointer<Float>.allocate(capacity: strip.blockCount * taps * 8)
    packed.initialize(repeating: 0, count: strip.blockCount * taps * 8)
    var channel = 0
    for (block, count) in strip.counts.enumerated() {
      for lane in 0..<Int(count) {
        for tap in 0..<taps {
          packed[(block * taps + tap) * 8 + lane] = weights[(channel + lane) * taps + tap]
        }
      }
      channel += Int(count)
    }
    self.weights = packed
    tableFloats = (strip.blockCount * 2 + 15) / 16 * 16
    unitRows = max(1, min((w.outputHeight + 4 * parts - 1) / (4 * parts), 65_536 / strip.floatCount(rows: 1)))
    let rows = w.inputRows(forOutputRows: unitRows)
    scratchFloats = tableFloats + strip.floatCount(rows: rows) + 128
  }

  deinit { weights.deallocate() }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    let w = plan.window
    queue.run(units: (w.outputHeight + unitRows - 1) / unitRows, executor) { unit, part in
      let first = unit * unitRows
      let last = min(first + unitRows, w.outputHeight)
      let rows = w.inputRows(forOutputRows: last - first)
      let scratch = buffers.scratch + part * scratchFloats
      let gathered = scratch + tableFloats
      strip.gather(
        buffers.sources, scale: buffers.scale, first: first * w.strideY, rows: rows, into: gathered)
      let blocks = UnsafeMutableRawPointer(scratch)
        .bindMemory(to: UnsafePointer<Float>?.self, capacity: strip.blockCount)
      for block in 0..<strip.blockCount {
        blocks[block] = UnsafePointer(gathered + rows * strip.columns * 8 * block)
      }
      var tile = ck_tile(
        blocks: blocks, counts: nil, blockCount: strip.blockCount, offset: 0, kernelHeight: w.kernelHeight,
        kernelWidth: w.kernelWidth, rowStride: strip.columns * 8 * w.dilationY, tapStride: w.dilationX * 8,
        pixelStride: w.strideX * 8)
      for row in first..<last {
        tile.offset = (row - first) * w.strideY * strip.columns * 8
        kernels.functions.dot(&tile, weights, bias, buffers.output + row * w.outputWidth, w.outputWidth)
      }
      let output = buffers.output + first * w.outputWidth
      let limit = UnaryFunction.clip(minimum: plan.minimum, maximum: plan.maximum)
      let count = (last - first) * w.outputWidth
      if plan.minimum != -.infinity || plan.maximum != .infinity {
        limit.apply(output, into: output, count: count)
      }
      plan.function?.apply(output, into: output, count: count)
    }
  }
}
