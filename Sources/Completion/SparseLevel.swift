import Kernels
import Quantities

/// One level of the completion network with the memory it needs for a number of active cells.
///
///     a = first(x); a[c:5c] = ReLU          three chains side by side: a[0:c], a[c:3c], a[3c:5c]
///     a[3c:5c] = ReLU(middle(a[3c:5c]))
///     x = ReLU(a[0:c] + last(a[c:5c]))
///     P = x projection
final class SparseLevel {
  let cells: ActiveCells
  let width: Int
  /// The level's features x (cells, width), valid until the next run.
  let features: Scratch<Float>
  /// P (cells, targetChannels), valid until the next run.
  let addition: Scratch<Float>
  let targetChannels: Int
  private let kernel: Int
  private let inputs: Int
  private let rulebook: Rulebook
  private let first: SparseConvolution
  private let middle: SparseConvolution
  private let last: SparseConvolution
  private let projection: Scratch<Float>
  private let pooled: Scratch<Float>
  private let chains: Scratch<Float>
  private let inner: Scratch<Float>

  init(_ file: CompletionWeights.Level, size: ImageSize, pointCap: Int) {
    kernel = file.kernel
    width = file.width
    inputs = file.first.inputs
    targetChannels = file.targetChannels
    let (columns, rows) = (size.width / file.stride, size.height / file.stride)
    let capacity = min(pointCap, columns * rows)
    cells = ActiveCells(width: columns, height: rows, margin: max(1, kernel / 2), capacity: capacity)
    rulebook = Rulebook(kernel: kernel, capacity: capacity)
    first = SparseConvolution(file.first, kernel: kernel)
    middle = SparseConvolution(file.middle, kernel: kernel)
    last = SparseConvolution(file.last, kernel: kernel)
    projection = Scratch(file.projection)
    pooled = Scratch(count: capacity * inputs)
    chains = Scratch(count: capacity * 5 * width)
    inner = Scratch(count: capacity * 2 * width)
    features = Scratch(count: capacity * width)
    addition = Scratch(count: capacity * targetChannels)
  }

  /// Floats that one part of the work needs for itself.
  var scratchFloats: Int { max(first.scratchFloats, max(middle.scratchFloats, last.scratchFloats)) }

  /// Computes `features` and `addition` from the features (finer.count, c_in) of the next finer grid.
  func run(
    _ finerFeatures: UnsafePointer<Float>, of finer: CellList, scratch: Scratch<Float>,
    executor: any ParallelExecutor
  ) {
    cells.activate(above: finer)
    sparsePool(finerFeatures, of: finer, channels: inputs, to: cells, into: pooled.base)
    rulebook.build(cells, executor: executor)
    let isDense =
      Double(rulebook.pairCount(of: cells))
      >= SparseConvolution.denseShare * Double(cells.count * kernel * kernel)
    func job(
      _ source: FeatureRows, _ target: FeatureRows, addend: FeatureRows? = nil, activatedFrom: Int = 0
    ) -> SparseConvolution.Job {
      SparseConvolution.Job(
        cells: cells.count, rulebook: rulebook, source: source, target: target, addend: addend,
        activatedFrom: activatedFrom, isDense: isDense, scratch: scratch.base,
        scratchStride: scratch.count / executor.width)
    }
    let chains = FeatureRows(base: self.chains.base, stride: 5 * width)
    let third = chains.columns(from: 3 * width)
    first.run(
      job(FeatureRows(base: pooled.base, stride: inputs), chains, activatedFrom: width), executor: executor)
    let inner = FeatureRows(base: self.inner.base, stride: 2 * width)
    for place in 0..<cells.count { inner.row(place).update(from: third.row(place), count: 2 * width) }
    middle.run(job(inner, third), executor: executor)
    last.run(
      job(
        chains.columns(from: width), FeatureRows(base: features.base, stride: width), addend: chains),
      executor: executor)
    matrixMultiply(
      MatrixOperand(features.base, leading: width), MatrixOperand(projection.base, leading: targetChannels),
      into: addition.base, m: cells.count, n: targetChannels, k: width, executor: executor)
  }
}
