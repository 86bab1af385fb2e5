// 3x3 convolution of stride one by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct form.
package import Quantities

/// Transforms 6x6 input tiles, multiplies 36 matrices with the direct micro-kernels, transforms back.
///
/// Errors grow to about 1e-5 of the largest output. Weights take four times the memory of the direct form, so
/// planning uses it where many tiles share them.
package final class WinogradConvolution: PreparedConvolution {
  private let plan: ConvolutionPlan
  private let strip: StripShape
  private let panels: [Panel]
  private let weights: [PackedWeights]
  private let bias: UnsafeMutablePointer<Float>
  private let zeros: UnsafeMutablePointer<Float>
  private let counts: UnsafeMutablePointer<Int32>
  private let kernels: TileKernels
  private let outBlocks: Int
  private let tilesX: Int
  private let tilesY: Int
  /// Tiles transformed together, and how many such groups a row of tiles has.
  private let group: Int
  private let groups: Int
  /// Floats per transform component of the input and of the product, padded against cache-set conflicts.
  private let inputStride: Int
  private let productStride: Int
  private let tableFloats: Int
  private let stripFloats: Int
  private let queue = WorkQueue()

  package let scratchFloats: Int

  /// Whether a convolution has the right form and enough tiles to gain from it.
  package static func suits(_ plan: ConvolutionPlan) -> Bool {
    let w = plan.window
    guard w.kernelHeight == 3, w.kernelWidth == 3, w.strideX == 1, w.strideY == 1, w.dilationX == 1,
      w.dilationY == 1
    else { return false }
    let tiles = ((w.outputHeight + 3) / 4) * ((w.outputWidth + 3) / 4)
    return tiles >= 96 && plan.inChannels >= 16 && plan.outChannels >= 16
  }

  /// - Parameters:
  ///   - weights: (M, C, 3, 3); `bias`: (M).
  package init(
    _ plan: ConvolutionPlan, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, parts: Int,
    kernels: TileKernels = .portable
  ) {
    self.plan = plan
    self.kernels = kernels
    let w = plan.window
    let strip = StripShape(segments: plan.segments, border: plan.border, window: w)
    self.strip = strip
    let panels = Panel.cover(plan.outChannels, kernels)
    self.panels = panels
    outBlocks = (plan.outChannels + 7) / 8
    tilesX = (w.outputWidth + 3) / 4
    tilesY = (w.outputHeight + 3) / 4
    let room = max(12, 98_304 / (36 * 8 * (strip.blockCount + outBlocks)) / 12 * 12)
    groups = (tilesX + room - 1) / room
    group = ((tilesX + groups - 1) / groups + 3) / 4 * 4
    inputStride = strip.blockCount * group * 8 + 48
    productStride = outBlocks * group * 8 + 48
    tableFloats = (strip.blockCount * 2 + 15) / 16 * 16
    stripFloats = (strip.floatCount(rows: 6) + 15) / 16 * 16
    scratchFloats = tableFloats + stripFloats + 36 * (inputStride + productStride) + 64
    counts = .allocate(capacity: max(1, strip.blockCount))
    counts.initialize(from: strip.counts, count: strip.blockCount)
    self.bias = .allocate(capacity: outBlocks * 8)
    zeros = .allocate(capacity: outBlocks * 8 + 8)
    zeros.initialize(repeating: 0, count: outBlocks * 8 + 8)
    for channel in 0..<(outBlocks * 8) {
      self.bias[channel] = channel < plan.outChannels ? bias[channel] : 0
    }
    self.weights = Self.transform(weights, plan, strip.counts, panels)
  }

  deinit {
    counts.deallocate()
    bias.deallocate()
    zeros.deallocate()
  }

  private static func transform(
    _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ counts: [Int32], _ panels: [Panel]
  ) -> [PackedWeights] {
    let filters = plan.outChannels * plan.inChannels
    let transformed = UnsafeMutablePointer<Float>.allocate(capacity: filters * 36)
    let component = UnsafeMutablePointer<Float>.allocate(capacity: filters)
    let noBias = UnsafeMutablePointer<Float>.allocate(capacity: plan.outChannels)
    noBias.initialize(repeating: 0, count: plan.outChannels)
    defer {
      transformed.deallocate()
      component.deallocate()
      noBias.deallocate()
    }
    for filter in 0..<filters { winogradFilter(weights + filter * 9, into: transformed + filter * 36) }
    return (0..<36).map { index in
      for filter in 0..<filters { component[filter] = transformed[filter * 36 + index] }
      return PackedWeights(
        component, bias: noBias, outChannels: plan.outChannels, inChannels: plan.inChannels, taps: 1,
        counts: counts, panels: panels)
    }
  }

  package func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor) {
    queue.run(units: tilesY, executor) { tileRow, part in
      let scratch = buffers.scratch + part * scratchFloats
      let gathered = scratch + tableFloats
      let inputs = gathered + stripFloats
      let products = inputs + 36 * inputStride
      strip.gather(buffers.sources, scale: buffers.scale, first: tileRow * 4, rows: 6, into: gathered)
      for index in 0..<groups {
        let first = index * group
        let count = min(group, tilesX - first)
        transformInputs(gathered, first: first, count: count, into: inputs)
        multiply(inputs, count: count, scratch: scratch, into: products)
        transformOutputs(products, tileRow: tileRow, first: first, count: count, buffers)
      }
    }
  }

  private func transformInputs(
    _ gathered: UnsafePointer<Float>, first: Int, count: Int, into inputs: UnsafeMutablePointer<Float>
  ) {
    let row = strip.columns * 8
    for block in 0..<strip.blockCount {
      let base = gathered + block * 6 * row + first * 32
      let target = inputs + block * group * 8
      for tile in 0..<count {
        transformTile(base + tile * 32, row, into: target + tile * 8)
      }
    }
  }

  @inline(__always)
  private func transformTile(
    _ d: UnsafePointer<Float>, _ row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    @inline(__always)
    func column(_ x: Int) -> WinogradLine {
      let p = d + x &* 8
      return winogradInput(
        (
          load8(p), load8(p + row), load8(p + 2 &* row), load8(p + 3 &* row), load8(p + 4 &* row),
          load8(p + 5 &* row)
        ))
    }
    let (a, b, c) = (column(0), column(1), column(2))
    let (e, f, g) = (column(3), column(4), column(5))
    @inline(__always)
    func emit(_ line: Int, _ values: WinogradLine) {
      let t = winogradInput(values)
      let p = target + line &* 6 &* inputStride
      store(t.0, p)
      store(t.1, p + inputStride)
      store(t.2, p + 2 &* inputStride)
      store(t.3, p + 3 &* inputStride)
      store(t.4, p + 4 &* inputStride)
      store(t.5, p + 5 &* inputStride)
    }
    emit(0, (a.0, b.0, c.0, e.0, f.0, g.0))
    emit(1, (a.1, b.1, c.1, e.1, f.1, g.1))
    emit(2, (a.2, b.2, c.2, e.2, f.2, g.2))
    emit(3, (a.3, b.3, c.3, e.3, f.3, g.3))
    emit(4, (a.4, b.4, c.4, e.4, f.4, g.4))
    emit(5, (a.5, b.5, c.5, e.5, f.5, g.5))
  }

  private func multiply(
    _ inputs: UnsafePointer<Float>, count: Int, scratch: UnsafeMutablePointer<Float>,
    into products: UnsafeMutablePointer<Float>
  ) {
    let blocks = UnsafeMutableRawPointer(scratch)
      .bindMemory(to: UnsafePointer<Float>.self, capacity: strip.blockCount)
    for component in 0..<36 {
      let base = inputs + component * inputStride
      for block in 0..<strip.blockCount { blocks[block] = base + block * group * 8 }
      let tile = DirectTile(
        blocks: blocks, counts: counts, blockCount: strip.blockCount, offset: 0, kernelHeight: 1,
        kernelWidth: 1, rowStride: 0, tapStride: 0, pixelStride: 8)
      for (index, panel) in panels.enumerated() {
        let epilogue = DirectEpilogue(
          bias: zeros, output: products + component * productStride + panel.firstChannel * group,
          blockStride: group * 8)
        sweep(
          panel.isWide ? kernels.wide : kernels.narrow, tile, weights[component].panel(index), epilogue,
          pixels: count)
      }
    }
  }

  private func transformOutputs(
    _ products: UnsafePointer<Float>, tileRow: Int, first: Int, count: Int, _ buffers: ConvolutionBuffers
  ) {
    let w = plan.window
    let rows = min(4, w.outputHeight - tileRow * 4)
    for block in 0..<outBlocks {
      let shift = load8(bias + block * 8)
      for tile in 0..<count {
        let x = (first + tile) * 4
        let columns = min(4, w.outputWidth - x)
        let offset = ((block * w.outputHeight + tileRow * 4) * w.outputWidth + x) * 8
        outputTile(
          products + (block * group + tile) * 8, shift, rows: rows, columns: columns,
          into: buffers.output + offset, residual: buffers.residual.map { $0 + offset })
      }
      guard let function = plan.function else { continue }
      let columns = min(count * 4, w.outputWidth - first * 4)
      for row in 0..<rows {
        let line =
          buffers.output + ((block * w.outputHeight + tileRow * 4 + row) * w.outputWidth + first * 4) * 8
        function.apply(line, into: line, count: columns * 8)
      }
    }
  }

  @inline(__always)
  private func outputTile(
    _ m: UnsafePointer<Float>, _ shift: Float8, rows: Int, columns: Int,
    into output: UnsafeMutablePointer<Float>, residual: UnsafePointer<Float>?
  ) {
    @inline(__always)
    func column(_ x: Int) -> (Float8, Float8, Float8, Float8) {
      let p = m + x &* productStride
      let step = 6 &* productStride
      return winogradOutput(
        (
          load8(p), load8(p + step), load8(p + 2 &* step), load8(p + 3 &* step), load8(p + 4 &* step),
          load8(p + 5 &* step)
        ))
    }
    let (a, b, c) = (column(0), column(1), column(2))
    let (e, f, g) = (column(3), column(4), column(5))
    let line = plan.window.outputWidth * 8
    @inline(__always)
    func emit(_ row: Int, _ values: WinogradLine) {
      guard row < rows else { return }
      let t = winogradOutput(values)
      finish(t.0 + shift, row &* line, output, residual)
      if columns > 1 { finish(t.1 + shift, row &* line &+ 8, output, residual) }
      if columns > 2 { finish(t.2 + shift, row &* line &+ 16, output, residual) }
      if columns > 3 { finish(t.3 + shift, row &* line &+ 24, output, residual) }
    }
    emit(0, (a.0, b.0, c.0, e.0, f.0, g.0))
    emit(1, (a.1, b.1, c.1, e.1, f.1, g.1))
    emit(2, (a.2, b.2, c.2, e.2, f.2, g.2))
    emit(3, (a.3, b.3, c.3, e.3, f.3, g.3))
  }

  @inline(__always)
  private func finish(
    _ sum: Float8, _ offset: Int, _ output: UnsafeMutablePointer<Float>, _ residual: UnsafePointer<Float>?
  ) {
    var value = sum
    if let residual { value += load8(residual + offset) }
    store(vectorClamp(value, plan.minimum, plan.maximum), output + offset)
  }
}
