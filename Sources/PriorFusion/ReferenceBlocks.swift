import Glibc
import Kernels

/// A bank's references, given out in blocks of single precision rows.
///
/// Values of the pixel-wise path carry three more columns, so that the same product gives the prior disparity and the
/// moments of its logarithm: disparity, ln disparity less the bank's mean, and that squared.
package struct ReferenceBlocks {
  /// References of a block: their keys, values and logits stay in the second cache.
  package static let rows = 240
  /// Columns of the pixel-wise values: value, disparity, two moments, and a zero that completes a tile.
  static let valueColumns = PriorBank.width + 4
  /// Floats that `load` fills for each path.
  static let floatCount = rows * (PriorBank.width + valueColumns)

  let bank: PriorBank
  /// Mean of ln disparity over the bank: moments are taken about it, so that they do not cancel.
  let meanLogDisparity: Float
  /// (M): ln disparity less its mean.
  private let logDisparity: Scratch<Float>
  private let kernels: AttentionKernels

  init(_ bank: PriorBank, kernels: AttentionKernels) {
    self.bank = bank
    self.kernels = kernels
    let disparity = bank.references.disparity.values(as: Float.self)
    // As in training: a disparity of 0 counts as 1e-6.
    let logs = disparity.map { logf(max($0, 1e-6)) }
    let mean = Float(logs.reduce(0) { $0 + Double($1) } / Double(bank.count))
    meanLogDisparity = mean
    logDisparity = Scratch(logs.map { $0 - mean })
  }

  /// Keys (rows, 64) and values (rows, 64 + 4) of the pixel-wise path.
  func loadPixel(
    _ block: Range<Int>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) {
    widen(bank.references.keyPixel, block, into: keys)
    let disparity = bank.references.disparity.values(as: Float.self)
    for (row, reference) in block.enumerated() {
      let target = values + row * Self.valueColumns
      widen(bank.references.valuePixel, reference..<reference + 1, into: target)
      let log = logDisparity.base[reference]
      target[PriorBank.width] = disparity[reference]
      target[PriorBank.width + 1] = log
      target[PriorBank.width + 2] = log * log
      target[PriorBank.width + 3] = 0
    }
  }

  /// Keys and values (rows, 64) of the heads.
  func loadHeads(
    _ block: Range<Int>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) {
    widen(bank.references.keyHeads, block, into: keys)
    widen(bank.references.valueHeads, block, into: values)
  }

  @inline(__always)
  private func widen(_ memory: BankMemory, _ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let (first, count) = (rows.lowerBound * PriorBank.width, rows.count * PriorBank.width)
    switch bank.storage {
    case .float16:
      guard let base = memory.values(as: UInt16.self).baseAddress else { return }
      kernels.widen(base + first, into: target, count: count)
    case .float32:
      guard let base = memory.values(as: Float.self).baseAddress else { return }
      target.update(from: base + first, count: count)
    }
  }
}
