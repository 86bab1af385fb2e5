import Kernels

/// What a panel of queries has gathered from some references: the running softmaxes of both paths and the sums of the
/// values under them, not yet divided.
struct AttentionSums {
  /// Rows of `lanes` floats: five softmaxes, the pixel-wise sums, the heads' sums, the best logits.
  private static let softmaxRows = 4
  /// The pixel-wise path, then the heads.
  static let pathCount = 1 + PriorBank.headCount
  private static let rowCount =
    softmaxRows * pathCount + ReferenceBlocks.valueColumns + PriorBank.width + 1

  static func floatCount(lanes: Int) -> Int { rowCount * lanes }

  let lanes: Int
  let base: UnsafeMutablePointer<Float>

  /// (64 + 4, lanes): F_c, D_c and the two moments, times the softmax's sum.
  var pixelSums: UnsafeMutablePointer<Float> { base + Self.softmaxRows * Self.pathCount * lanes }

  /// (16, lanes) of one head.
  func headSums(_ head: Int) -> UnsafeMutablePointer<Float> {
    pixelSums + (ReferenceBlocks.valueColumns + head * PriorBank.headWidth) * lanes
  }

  /// The sums of a path's values.
  func sums(_ path: AttentionPath) -> UnsafeMutablePointer<Float> {
    path == .pixel ? pixelSums : headSums(path.index - 1)
  }

  /// (lanes): the largest pixel-wise logit of a reference, in powers of two.
  var best: UnsafeMutablePointer<Float> { base + (Self.rowCount - 1) * lanes }

  var pixel: SoftmaxState { softmax(0) }

  func head(_ head: Int) -> SoftmaxState { softmax(1 + head) }

  func softmax(_ path: Int) -> SoftmaxState {
    SoftmaxState(base + path * Self.softmaxRows * lanes, lanes: lanes)
  }

  func reset() {
    for path in AttentionPath.allCases { reset(path) }
  }

  func reset(_ path: AttentionPath) {
    softmax(path.index).reset(lanes: lanes)
    sums(path).update(repeating: 0, count: path.valueColumns * lanes)
  }

  /// Adds what the same queries have gathered from other references.
  func merge(_ other: AttentionSums, _ kernels: AttentionKernels) {
    for path in 0..<Self.pathCount {
      let (mine, theirs) = (softmax(path), other.softmax(path))
      rescale(mine, theirs, kernels)
      let rows = path == 0 ? ReferenceBlocks.valueColumns : PriorBank.headWidth
      let target = path == 0 ? pixelSums : headSums(path - 1)
      let source = path == 0 ? other.pixelSums : other.headSums(path - 1)
      for row in 0..<rows {
        for lane in 0..<lanes {
          let index = row &* lanes &+ lane
          target[index] = target[index] * mine.keep[lane] + source[index] * theirs.keep[lane]
        }
      }
    }
  }

  /// Joins two softmaxes in the first; `keep` of each then tells what its sums are to be multiplied by.
  private func rescale(_ mine: SoftmaxState, _ theirs: SoftmaxState, _ kernels: AttentionKernels) {
    for lane in 0..<lanes {
      let largest = max(mine.largest[lane], theirs.largest[lane])
      mine.keep[lane] = mine.largest[lane] - largest
      theirs.keep[lane] = theirs.largest[lane] - largest
      mine.weighted[lane] += mine.sum[lane] * mine.keep[lane]
      theirs.weighted[lane] += theirs.sum[lane] * theirs.keep[lane]
      mine.largest[lane] = largest
    }
    kernels.exp2(mine.keep, into: mine.keep, count: lanes)
    kernels.exp2(theirs.keep, into: theirs.keep, count: lanes)
    for lane in 0..<lanes {
      let (kept, added) = (mine.keep[lane], theirs.keep[lane])
      mine.sum[lane] = mine.sum[lane] * kept + theirs.sum[lane] * added
      mine.weighted[lane] = mine.weighted[lane] * kept + theirs.weighted[lane] * added
    }
  }
}
