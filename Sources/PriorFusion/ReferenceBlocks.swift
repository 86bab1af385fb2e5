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
      fill(target + PriorBank.width, disparity[reference], logDisparity.base[reference])
    }
  }

  /// Keys and values (rows, 64) of the heads.
  func loadHeads(
    _ block: Range<Int>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) {
    widen(bank.references.keyHeads, block, into: keys)
    widen(bank.references.valueHeads, block, into: values)
  }

  /// Keys (rows, keyWidth) and values (rows, valueColumns) of some references on one path.
  func gather(
    _ path: AttentionPath, _ references: UnsafeBufferPointer<Int32>, keys: UnsafeMutablePointer<Float>,
    values: UnsafeMutablePointer<Float>
  ) {
    let (rows, width, columns) = (bank.references, path.keyWidth, path.valueColumns)
    let isPixel = path == .pixel
    gather(
      isPixel ? rows.keyPixel : rows.keyHeads, from: path.firstColumn, references, width: width, into: keys,
      stride: width)
    gather(
      isPixel ? rows.valuePixel : rows.valueHeads, from: path.firstColumn, references, width: width,
      into: values, stride: columns)
    guard isPixel else { return }
    let disparity = bank.references.disparity.values(as: Float.self)
    for (row, reference) in references.enumerated() {
      fill(values + row * columns + width, disparity[Int(reference)], logDisparity.base[Int(reference)])
    }
  }

  private func gather(
    _ memory: BankMemory, from first: Int, _ references: UnsafeBufferPointer<Int32>, width: Int,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    switch bank.storage {
    case .float16:
      guard let base = memory.values(as: UInt16.self).baseAddress else { return }
      kernels.widen(
        base + first, stride: PriorBank.width, rows: references, width: width, into: target,
        outputStride: stride)
    case .float32:
      guard let base = memory.values(as: Float.self).baseAddress else { return }
      for (row, reference) in references.enumerated() {
        (target + row * stride).update(from: base + first + Int(reference) * PriorBank.width, count: width)
      }
    }
  }

  /// The columns that follow a pixel-wise value.
  @inline(__always)
  private func fill(_ target: UnsafeMutablePointer<Float>, _ disparity: Float, _ log: Float) {
    target[0] = disparity
    target[1] = log
    target[2] = log * log
    target[3] = 0
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
