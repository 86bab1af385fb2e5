import Glibc
import Kernels

/// What the retrieval says about itself, (h, w) each, valid until the next run.
///
/// - Source: docs/bundle.md, "The prior bank".
public struct RetrievalStatistics {
  /// D_c, the disparity that the bank proposes, in the convention of `disparity_to_depth`.
  public let priorDisparity: UnsafeBufferPointer<Float>
  /// Of the pixel-wise weights, over ln M: 0 = one reference, 1 = all alike.
  public let entropy: UnsafeBufferPointer<Float>
  /// Standard deviation of ln disparity under the pixel-wise weights.
  public let priorSpread: UnsafeBufferPointer<Float>
  /// The largest pixel-wise affinity.
  public let bestLogit: UnsafeBufferPointer<Float>
}

/// From a panel's sums to F_o = max(0, F_s + W_f [F_c; F_d; D_c]) and the statistics.
struct FusionOutput {
  private let kernels: AttentionKernels
  private let channels: Int
  private let lanes: Int
  private let pixelCount: Int
  private let logCount: Float
  private let meanLogDisparity: Float
  /// W_o (64, 64), b_o (64), W_f (C, 129).
  private let outputWeight: Scratch<Float>
  private let outputBias: Scratch<Float>
  private let compress: Scratch<Float>
  private let ones: Scratch<Float>
  private let maps: Scratch<Float>

  init(_ blocks: ReferenceBlocks, pixelCount: Int, kernels: AttentionKernels) {
    let bank = blocks.bank
    self.kernels = kernels
    self.pixelCount = pixelCount
    channels = bank.featureChannels
    lanes = kernels.lanes
    logCount = max(logf(Float(bank.count)), 1e-9)
    meanLogDisparity = blocks.meanLogDisparity
    outputWeight = Scratch(bank.querySide.outputWeight)
    outputBias = Scratch(bank.querySide.outputBias)
    compress = Scratch(bank.querySide.compress)
    ones = Scratch([Float](repeating: 1, count: lanes))
    maps = Scratch(count: 4 * pixelCount)
  }

  var statistics: RetrievalStatistics {
    func map(_ index: Int) -> UnsafeBufferPointer<Float> {
      UnsafeBufferPointer(start: maps.base + index * pixelCount, count: pixelCount)
    }
    return RetrievalStatistics(
      priorDisparity: map(0), entropy: map(1), priorSpread: map(2), bestLogit: map(3))
  }

  /// Floats of memory that one part needs.
  var scratchFloats: Int { (PriorBank.compressColumns + PriorBank.width + 1) * lanes }

  /// - Parameters:
  ///   - pixels: (C, lanes), F_s; replaced by F_o.
  ///   - first: the panel's first pixel; `valid` lanes hold pixels.
  func finish(
    _ sums: AttentionSums, pixels: UnsafeMutablePointer<Float>, first: Int, valid: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = PriorBank.width
    let fused = scratch
    let attended = scratch + PriorBank.compressColumns * lanes
    let factor = attended + width * lanes
    let (pixelSums, softmax) = (sums.sums(.pixel), sums.softmax(.pixel))
    divide(pixelSums, rows: width, by: softmax, factor, into: fused)
    divide(pixelSums + width * lanes, rows: 1, by: softmax, factor, into: fused + 2 * width * lanes)
    write(sums, factor: factor, first: first, valid: valid)
    for head in AttentionPath.heads {
      divide(
        sums.sums(head), rows: head.valueColumns, by: sums.softmax(head), factor,
        into: attended + head.firstColumn * lanes)
    }
    let kernels = kernels.forFirst(lanes: valid)
    let hints = fused + width * lanes
    for row in 0..<width {
      (hints + row * lanes).update(repeating: outputBias.base[row], count: lanes)
    }
    kernels.product(
      .init(outputWeight.base, count: width, depth: width, stride: width), attended, keep: ones.base,
      into: hints)
    let columns = PriorBank.compressColumns
    kernels.product(
      .init(compress.base, count: channels, depth: columns, stride: columns), fused, keep: ones.base,
      into: pixels)
    // NaN stays NaN, as in the network's own ReLU.
    for index in 0..<channels * lanes { pixels[index] = pixels[index] < 0 ? 0 : pixels[index] }
  }

  /// Weighted means; `factor` gets one over the softmax's sum.
  private func divide(
    _ sums: UnsafePointer<Float>, rows: Int, by softmax: SoftmaxState,
    _ factor: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    for lane in 0..<lanes { factor[lane] = 1 / softmax.sum[lane] }
    for row in 0..<rows {
      for lane in 0..<lanes { target[row &* lanes &+ lane] = sums[row &* lanes &+ lane] * factor[lane] }
    }
  }

  private func write(_ sums: AttentionSums, factor: UnsafePointer<Float>, first: Int, valid: Int) {
    let ln2: Float = 0.693_147_18
    let moments = sums.sums(.pixel) + PriorBank.width * lanes
    let softmax = sums.softmax(.pixel)
    let (disparity, entropy) = (maps.base + first, maps.base + pixelCount + first)
    let (spread, best) = (maps.base + 2 * pixelCount + first, maps.base + 3 * pixelCount + first)
    for lane in 0..<valid {
      disparity[lane] = moments[lane] * factor[lane]
      // H = ln(sum) - mean of (logit - largest), natural logarithms.
      let nats = logf(softmax.sum[lane]) - ln2 * softmax.weighted[lane] * factor[lane]
      entropy[lane] = max(0, nats) / logCount
      let mean = moments[lanes + lane] * factor[lane]
      spread[lane] = max(0, moments[2 * lanes + lane] * factor[lane] - mean * mean).squareRoot()
      best[lane] = sums.best[lane] * ln2
    }
  }
}
