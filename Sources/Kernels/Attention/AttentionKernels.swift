// The micro-kernels of attention: queries lie in the lanes of panels, references in rows.
internal import CKernels

/// The running softmax of a panel's queries, one value per lane each. In powers of two: logits are multiplied by
/// log2(e) before they come here.
package struct SoftmaxState {
  /// Below all logits at the beginning, and finite, so that nothing times it is NaN.
  package static let beforeAnyLogit: Float = -1e30

  /// The largest logit s so far.
  package let largest: UnsafeMutablePointer<Float>
  /// Sum of 2^(s - largest).
  package let sum: UnsafeMutablePointer<Float>
  /// Sum of 2^(s - largest) (s - largest), for the entropy.
  package let weighted: UnsafeMutablePointer<Float>
  /// What sums over earlier blocks are to be multiplied by after the last block.
  package let keep: UnsafeMutablePointer<Float>

  /// Four rows of `lanes` floats from `base` on.
  package init(_ base: UnsafeMutablePointer<Float>, lanes: Int) {
    largest = base
    sum = base + lanes
    weighted = base + 2 * lanes
    keep = base + 3 * lanes
  }

  package func reset(lanes: Int) {
    largest.update(repeating: Self.beforeAnyLogit, count: lanes)
    sum.update(repeating: 0, count: 2 * lanes)
  }
}

/// The kernels of one vector width.
package struct AttentionKernels: Sendable {
  /// Queries of a panel.
  package let lanes: Int
  /// Vectors of a panel, two at most, that products and softmaxes work on.
  private var vectors = 2
  private let panelProduct: ck_panel_product
  private let softmaxBlock: ck_softmax_block
  private let exp2Lanes: ck_exp2
  private let halfToFloat: ck_half_to_float
  private let gatherHalves: ck_gather_halves

  package init(_ kernels: MicroKernels = .ofThisProcessor) {
    lanes = Int(kernels.functions.lanes.0)
    panelProduct = kernels.functions.panelProduct
    softmaxBlock = kernels.functions.softmaxBlock
    exp2Lanes = kernels.functions.exp2
    halfToFloat = kernels.functions.halfToFloat
    gatherHalves = kernels.functions.gatherHalves
  }

  /// The same kernels for a panel whose first lanes alone hold queries: products and softmaxes leave the others as they
  /// are, as far as that saves anything.
  package func forFirst(lanes valid: Int) -> AttentionKernels {
    var kernels = self
    kernels.vectors = 2 * valid <= lanes ? 1 : 2
    return kernels
  }

  /// One operand of a product: `rows` by `depth` numbers, with a stride for each direction.
  package struct Rows {
    package var base: UnsafePointer<Float>
    package var count: Int
    package var stride: Int
    package var depth: Int
    package var depthStride: Int

    /// Rows of `depth` numbers, `stride` apart.
    package init(_ base: UnsafePointer<Float>, count: Int, depth: Int, stride: Int) {
      (self.base, self.count, self.stride, self.depth) = (base, count, stride, depth)
      depthStride = 1
    }

    /// The columns of `depth` rows as rows.
    package init(columnsOf base: UnsafePointer<Float>, count: Int, depth: Int, stride: Int) {
      (self.base, self.count, self.depth, depthStride) = (base, count, depth, stride)
      self.stride = 1
    }
  }

  /// output (rows, lanes) = rows times panel (depth, lanes), plus keep[lane] times what output held; without `keep` the
  /// product alone.
  @inline(__always)
  package func product(
    _ rows: Rows, _ panel: UnsafePointer<Float>, keep: UnsafePointer<Float>? = nil,
    into output: UnsafeMutablePointer<Float>
  ) {
    panelProduct(
      rows.base, rows.count, rows.stride, rows.depth, rows.depthStride, panel, keep, output, vectors)
  }

  /// Replaces a block of logits (rows, lanes) by weights 2^(logit - largest) and brings the state up to date. Largest
  /// relative error of a weight 2e-7; weights below 2^-126 become 2^-126.
  @inline(__always)
  package func softmax(_ logits: UnsafeMutablePointer<Float>, rows: Int, _ state: SoftmaxState) {
    var state = ck_softmax(
      largest: state.largest, sum: state.sum, weighted: state.weighted, keep: state.keep)
    softmaxBlock(logits, rows, &state, vectors)
  }

  /// 2^x of numbers up to 0, as `softmax` takes it; `count` is a multiple of `lanes`.
  @inline(__always)
  package func exp2(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int) {
    exp2Lanes(input, output, count)
  }

  /// Half precision numbers to single precision; `count` is a multiple of `lanes`.
  @inline(__always)
  package func widen(_ half: UnsafePointer<UInt16>, into output: UnsafeMutablePointer<Float>, count: Int) {
    halfToFloat(half, output, count)
  }

  /// The same for the first `width` numbers of some rows, `stride` apart, chosen by number; `width` is a multiple of
  /// 16, the next row of the result begins `outputStride` later.
  @inline(__always)
  package func widen(
    _ half: UnsafePointer<UInt16>, stride: Int, rows: UnsafeBufferPointer<Int32>, width: Int,
    into output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    guard let numbers = rows.baseAddress else { return }
    gatherHalves(half, stride, numbers, rows.count, width, output, outputStride)
  }
}
