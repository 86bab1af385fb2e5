// Depthwise convolution over channel-blocked tensors: each block of eight channels is independent.
internal import CKernels
package import Quantities

/// One filter per channel, vectorised over the eight channels of a block.
package final class DepthwiseConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let blocks: Int
  /// (block, tap, 8).
  private let weights: UnsafeMutablePointer<Float>
  private let bias: UnsafeMutablePointer<Float>
  private let kernels: MicroKernels
  private let unitRows: Int
  private let queue: WorkQueue

  package let kernelName = "depthwise"
  package let scratchFloats: Int

  /// - Parameters:
  ///   - plan: one blocked segment with as many channels as there are outputs.
  ///   - weights: (C, 1, kH, kW); `bias`: (C).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: MicroKernels = .portable
  ) {
    self.plan = plan
    queue = WorkQueue(parts: parts)
    self.kernels = kernels
    let w = plan.window
    var segment = plan.segments[0]
    segment.channels = 8
    strip = StripShape(segments: [segment], border: plan.border, window: w)
    blocks = (plan.outChannels + 7) / 8
    let taps = w.kernelHeight * w.kernelWidth
    self.weights = .allocate(capacity: blocks * taps * 8)
    self.bias = .allocate(capacity: blocks * 8)
    for channel in 0..<(blocks * 8) {
      let isValid = channel < plan.outChannels
      self.bias[channel] = isValid ? bias[channel] : 0
      for tap in 0..<taps {
        self.weights[(channel / 8 * taps + tap) * 8 + channel % 8] =
          isValid ? weights[channel * taps + tap] : 0
      }
    }
    let rowFloats = strip.floatCount(rows: 1)
    unitRows = max(1, min(w.outputHeight, 32_768 / rowFloats))
    let rows = w.inputRows(forOutputRows: unitRows)
    scratchFloats = strip.floatCount(rows: rows) + 64
  }

  deinit {
    weights.deallocate()
    bias.deallocate()
  }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    let w = plan.window
    let groups = (w.outputHeight + unitRows - 1) / unitRows
    let segment = plan.segments[0]
    let inPlane = segment.height * segment.width * 8
    queue.run(units: blocks * groups, executor) { unit, part in
      // Rows before blocks, as the layers around it cut their work.
      let block = unit % blocks
      let first = unit / blocks * unitRows
      let last = min(first + unitRows, w.outputHeight)
      let rows = w.inputRows(forOutputRows: last - first)
      let gathered = buffers.scratch + part * scratchFloats
      var source = buffers.sources[0] + block * inPlane
      strip.gather(&source, scale: nil, first: first * w.strideY, rows: rows, into: gathered)
      var tile = ck_tile(
        blocks: nil, counts: nil, blockCount: 1, offset: 0, kernelHeight: w.kernelHeight,
        kernelWidth: w.kernelWidth, rowStride: strip.columns * 8 * w.dilationY, tapStride: w.dilationX * 8,
        pixelStride: w.strideX * 8)
      var epilogue = ck_epilogue(
        bias: bias + block * 8, output: buffers.output, blockStride: 0, residual: nil, minimum: plan.minimum,
        maximum: plan.maximum)
      let taps = weights + block * w.kernelHeight * w.kernelWidth * 8
      for row in first..<last {
        let offset = (block * w.outputHeight + row) * w.outputWidth * 8
        let output = buffers.output + offset
        epilogue.output = output
        epilogue.residual = buffers.residual.map { $0 + offset }
        let input = gathered + (row - first) * w.strideY * strip.columns * 8
        kernels.functions.depthwise(&tile, input, taps, &epilogue, w.outputWidth)
        plan.function?.apply(output, into: output, count: w.outputWidth * 8)
      }
    }
  }
}
