import Kernels
import Quantities

/// Rows of features, one per active cell, `stride` floats apart.
struct FeatureRows {
  let base: UnsafeMutablePointer<Float>
  let stride: Int

  func row(_ place: Int) -> UnsafeMutablePointer<Float> { base + place &* stride }

  /// The same rows from a later column on.
  func columns(from column: Int) -> FeatureRows { FeatureRows(base: base + column, stride: stride) }
}

/// A submanifold convolution: active cells stay the same, and only they are computed.
///
/// Two paths give the same sums. Where cells have many neighbours, up to a full grid, each cell's neighbourhood is
/// laid out side by side, zeros for absent ones, and multiplied at once. Where they have few, all cells are
/// multiplied with the centre's weights as they lie, and each other offset's pairs are gathered, multiplied and
/// added.
///
/// - Source: TorchSparse: gather, product and scatter, the centre by itself.
final class SparseConvolution {
  /// Rows multiplied at once; bounds the scratch memory.
  static let blockRows = 64
  /// Share of neighbours that exist from which laying neighbourhoods out is the faster path.
  static let denseShare = 0.25
  /// With fewer pairs a product costs more to set up than it saves.
  private static let fewPairs = 6

  private let inputs: Int
  private let outputs: Int
  private let kernel: Int
  private let weights: Scratch<Float>
  private let bias: Scratch<Float>

  init(_ file: CompletionWeights.Convolution, kernel: Int) {
    inputs = file.inputs
    outputs = file.outputs
    self.kernel = kernel
    weights = Scratch(file.weights)
    bias = Scratch(file.bias)
  }

  /// Floats that one part needs for itself.
  var scratchFloats: Int { Self.blockRows * max(kernel * kernel * inputs, inputs + outputs) }

  /// What one run reads and writes.
  struct Job {
    let cells: Int
    let rulebook: Rulebook
    let source: FeatureRows
    let target: FeatureRows
    /// Added to the result, before the activation.
    var addend: FeatureRows?
    /// Columns from this one on are limited to 0 and above.
    let activatedFrom: Int
    let isDense: Bool
    /// `scratchFloats` for each part.
    let scratch: UnsafeMutablePointer<Float>
    let scratchStride: Int
  }

  func run(_ job: Job, executor: any ParallelExecutor) {
    // Each part computes rows of its own; what fits one block is not worth sharing out.
    let blocks = (job.cells + Self.blockRows - 1) / Self.blockRows
    let parts = min(executor.width, blocks)
    guard parts > 1 else { return runPart(job, 0..<job.cells, job.scratch) }
    executor.run(parts: parts) { part in
      let rows = job.cells * part / parts..<job.cells * (part + 1) / parts
      runPart(job, rows, job.scratch + part * job.scratchStride)
    }
  }

  private func runPart(_ job: Job, _ rows: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) {
    var start = rows.lowerBound
    while start < rows.upperBound {
      let block = start..<min(rows.upperBound, start + Self.blockRows)
      prepare(job, block)
      if job.isDense {
        multiplyNeighbourhoods(job, block, scratch)
      } else {
        multiplyPairs(job, block, scratch)
      }
      activate(job, block)
      start = block.upperBound
    }
  }

  /// Fills the target with the bias and the addend.
  private func prepare(_ job: Job, _ rows: Range<Int>) {
    for place in rows {
      let target = job.target.row(place)
      if let addend = job.addend?.row(place) {
        for column in 0..<outputs { target[column] = addend[column] + bias.base[column] }
      } else {
        target.update(from: bias.base, count: outputs)
      }
    }
  }

  private func activate(_ job: Job, _ rows: Range<Int>) {
    for place in rows {
      let target = job.target.row(place)
      for column in job.activatedFrom..<outputs { target[column] = max(0, target[column]) }
    }
  }

  private func multiplyNeighbourhoods(
    _ job: Job, _ rows: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let width = kernel * kernel * inputs
    scratch.update(repeating: 0, count: rows.count * width)
    for offset in 0..<kernel * kernel {
      let column = scratch + offset * inputs
      if offset == job.rulebook.centre {
        for place in rows {
          (column + (place - rows.lowerBound) * width).update(from: job.source.row(place), count: inputs)
        }
        continue
      }
      let pairs = job.rulebook.pairs(offset)
      var index = pairs.first(from: rows.lowerBound)
      while index < pairs.count, Int(pairs.outputs[index]) < rows.upperBound {
        let place = Int(pairs.outputs[index]) &- rows.lowerBound
        (column + place &* width).update(from: job.source.row(Int(pairs.inputs[index])), count: inputs)
        index &+= 1
      }
    }
    matrixMultiply(
      MatrixOperand(scratch, leading: width), MatrixOperand(weights.base, leading: outputs),
      into: job.target.row(rows.lowerBound), leading: job.target.stride, m: rows.count, n: outputs, k: width,
      beta: 1)
  }

  private func multiplyPairs(_ job: Job, _ rows: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) {
    matrixMultiply(
      MatrixOperand(job.source.row(rows.lowerBound), leading: job.source.stride),
      MatrixOperand(weights(job.rulebook.centre), leading: outputs),
      into: job.target.row(rows.lowerBound), leading: job.target.stride, m: rows.count, n: outputs, k: inputs,
      beta: 1)
    for offset in 0..<kernel * kernel where offset != job.rulebook.centre {
      let pairs = job.rulebook.pairs(offset)
      let start = pairs.first(from: rows.lowerBound)
      let end = pairs.first(from: rows.upperBound)
      if end - start < Self.fewPairs {
        for index in start..<end { addProduct(job, pairs, index, offset) }
      } else {
        addProducts(job, pairs, start..<end, offset, scratch)
      }
    }
  }

  private func weights(_ offset: Int) -> UnsafeMutablePointer<Float> {
    weights.base + offset * inputs * outputs
  }

  /// target += source * weights for one pair.
  private func addProduct(_ job: Job, _ pairs: Rulebook.Pairs, _ index: Int, _ offset: Int) {
    let target = job.target.row(Int(pairs.outputs[index]))
    let source = job.source.row(Int(pairs.inputs[index]))
    var row = weights(offset)
    for channel in 0..<inputs {
      let value = source[channel]
      for column in 0..<outputs { target[column] += value * row[column] }
      row += outputs
    }
  }

  /// The same for many pairs of one offset: gathered, multiplied, added.
  private func addProducts(
    _ job: Job, _ pairs: Rulebook.Pairs, _ range: Range<Int>, _ offset: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let products = scratch + range.count * inputs
    for index in range {
      let row = scratch + (index &- range.lowerBound) &* inputs
      row.update(from: job.source.row(Int(pairs.inputs[index])), count: inputs)
    }
    matrixMultiply(
      MatrixOperand(scratch, leading: inputs), MatrixOperand(weights(offset), leading: outputs),
      into: products,
      leading: outputs, m: range.count, n: outputs, k: inputs, beta: 0)
    for index in range {
      let target = job.target.row(Int(pairs.outputs[index]))
      let row = products + (index &- range.lowerBound) &* outputs
      for column in 0..<outputs { target[column] += row[column] }
    }
  }
}
