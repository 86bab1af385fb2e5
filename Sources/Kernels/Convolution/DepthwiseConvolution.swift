// Depthwise convolution over channel-blocked tensors: each block of eight channels is independent.
package import Quantities

/// One filter per channel, vectorised over the eight channels of a block.
package final class DepthwiseConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let blocks: Int
  /// (block, tap, 8).
  private let weights: UnsafeMutablePointer<Float>
  private let bias: UnsafeMutablePointer<Float>
  private let unitRows: Int
  private let queue = WorkQueue()

  package let scratchFloats: Int

  /// - Parameters:
  ///   - plan: one blocked segment with as many channels as there are outputs.
  ///   - weights: (C, 1, kH, kW); `bias`: (C).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int
  ) {
    self.plan = plan
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
    let rows = (unitRows - 1) * w.strideY + (w.kernelHeight - 1) * w.dilationY + 1
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
      let block = unit / groups
      let first = unit % groups * unitRows
      let last = min(first + unitRows, w.outputHeight)
      let rows = (last - first - 1) * w.strideY + (w.kernelHeight - 1) * w.dilationY + 1
      let gathered = buffers.scratch + part * scratchFloats
      var source = buffers.sources[0] + block * inPlane
      strip.gather(&source, scale: nil, first: first * w.strideY, rows: rows, into: gathered)
      for row in first..<last {
        let offset = (block * w.outputHeight + row) * w.outputWidth * 8
        let input = gathered + (row - first) * w.strideY * strip.columns * 8
        runRow(input, block, buffers.output + offset, buffers.residual.map { $0 + offset })
      }
    }
  }

  private func runRow(
    _ input: UnsafePointer<Float>, _ block: Int, _ output: UnsafeMutablePointer<Float>,
    _ residual: UnsafePointer<Float>?
  ) {
    let w = plan.window
    let taps = weights + block * w.kernelHeight * w.kernelWidth * 8
    let start = load8(bias + block * 8)
    let step = w.strideX * 8
    var x = 0
    while x < w.outputWidth {
      // Four pixels at a time; past the row's end the strip has spare columns and nothing is stored.
      var (a, b, c, d) = (start, start, start, start)
      var weight = UnsafePointer(taps)
      for ky in 0..<w.kernelHeight {
        var pixel = input + (ky &* w.dilationY &* strip.columns &+ x &* w.strideX) &* 8
        for _ in 0..<w.kernelWidth {
          let v = load8(weight)
          a.addProduct(v, load8(pixel))
          b.addProduct(v, load8(pixel + step))
          c.addProduct(v, load8(pixel + step &* 2))
          d.addProduct(v, load8(pixel + step &* 3))
          weight += 8
          pixel += w.dilationX &* 8
        }
      }
      finish(a, x, output, residual)
      if x + 1 < w.outputWidth { finish(b, x + 1, output, residual) }
      if x + 2 < w.outputWidth { finish(c, x + 2, output, residual) }
      if x + 3 < w.outputWidth { finish(d, x + 3, output, residual) }
      x += 4
    }
    if let function = plan.function { function.apply(output, into: output, count: w.outputWidth * 8) }
  }

  @inline(__always)
  private func finish(
    _ sum: Float8, _ x: Int, _ output: UnsafeMutablePointer<Float>, _ residual: UnsafePointer<Float>?
  ) {
    var value = sum
    if let residual { value += load8(residual + x &* 8) }
    store(vectorClamp(value, plan.minimum, plan.maximum), output + x &* 8)
  }
}
