// The transformed and packed filters of Winograd's convolution.

/// 36 matrices; those of components that vanish for some input blocks leave these out.
final class WinogradWeights {
  /// The input blocks that take part in a component.
  final class Part {
    let blocks: [Int32]
    let counts: UnsafeMutablePointer<Int32>
    let blockCount: Int

    fileprivate init(_ blocks: [Int], _ all: [Int32]) {
      self.blocks = blocks.map(Int32.init)
      blockCount = blocks.count
      counts = .allocate(capacity: max(1, blocks.count))
      for (index, block) in blocks.enumerated() { counts[index] = all[block] }
    }

    deinit { counts.deallocate() }
  }

  let panels: [Panel]
  private let whole: Part
  /// Of the components that vanish for paired pixels.
  private let unpaired: Part
  private let matrices: [PackedWeights?]

  /// - Parameter weights: (M, C, 3, 3).
  init(
    _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ input: WinogradInput, _ kernels: MicroKernels
  ) {
    let (rows, columns) = (plan.outChannels, plan.inChannels)
    panels = Panel.cover(rows, kernels)
    let all = Array(0..<input.blockCount)
    whole = Part(all, input.counts)
    unpaired = Part(all.filter { !input.isPaired($0) }, input.counts)
    // Component by component: (36, M, C).
    let transformed = UnsafeMutablePointer<Float>.allocate(capacity: rows * columns * 36)
    let chosen = UnsafeMutablePointer<Float>.allocate(capacity: rows * columns)
    let noBias = UnsafeMutablePointer<Float>.allocate(capacity: rows)
    noBias.initialize(repeating: 0, count: rows)
    defer {
      transformed.deallocate()
      chosen.deallocate()
      noBias.deallocate()
    }
    for filter in 0..<(rows * columns) {
      winogradFilter(weights + filter * 9, into: transformed + filter, stride: rows * columns)
    }
    var matrices: [PackedWeights?] = []
    for component in 0..<36 {
      let part = Self.vanishes(component) ? unpaired : whole
      let source = transformed + component * rows * columns
      let width = Self.choose(part, input.counts, source, rows: rows, columns: columns, into: chosen)
      let counts = (0..<part.blockCount).map { part.counts[$0] }
      matrices.append(
        part.blockCount == 0
          ? nil
          : PackedWeights(
            chosen, bias: noBias, outChannels: rows, inChannels: width, taps: 1, counts: counts,
            panels: panels))
    }
    self.matrices = matrices
  }

  /// Copies the columns of a part's blocks; returns their number.
  private static func choose(
    _ part: Part, _ counts: [Int32], _ source: UnsafePointer<Float>, rows: Int, columns: Int,
    into target: UnsafeMutablePointer<Float>
  ) -> Int {
    var starts = [0]
    for count in counts { starts.append((starts.last ?? 0) + Int(count)) }
    let width = part.blocks.reduce(0) { $0 + Int(counts[Int($1)]) }
    for row in 0..<rows {
      var place = target + row * width
      for block in part.blocks.map(Int.init) {
        place.update(from: source + row * columns + starts[block], count: Int(counts[block]))
        place += Int(counts[block])
      }
    }
    return width
  }

  /// Row or column of the point -1.
  private static func vanishes(_ component: Int) -> Bool { component / 6 == 2 || component % 6 == 2 }

  func part(of component: Int) -> Part { Self.vanishes(component) ? unpaired : whole }

  func packed(_ component: Int, panel: Int) -> UnsafePointer<Float>? { matrices[component]?.panel(panel) }
}
