import Kernels

/// What a panel of queries has gathered from some references: the running softmaxes of both paths and the sums of the
/// values under them, not yet divided.
struct AttentionSums {
  /// Rows of `lanes` floats: five softmaxes, the pixel-wise sums, the heads' sums, the best logits.
  private static let softmaxRows = 4
  private static let rowCount =
    softmaxRows * AttentionPath.all.count + ReferenceBlocks.valueColumns + PriorBank.width + 1

  static func floatCount(lanes: Int) -> Int { rowCount * lanes }

  let lanes: Int
  let base: UnsafeMutablePointer<Float>

  /// A path's values (valueColumns, lanes), times its softmax's sum; the pixel-wise ones are F_c, D_c and the two
  /// moments.
  func sums(_ path: AttentionPath) -> UnsafeMutablePointer<Float> {
    let before = path == .pixel ? 0 : ReferenceBlocks.valueColumns + path.firstColumn
    return base + (Self.softmaxRows * AttentionPath.all.count + before) * lanes
  }

  /// (lanes): the largest pixel-wise logit of a reference, in powers of two.
  var best: UnsafeMutablePointer<Float> { base + (Self.rowCount - 1) * lanes }

  func softmax(_ path: AttentionPath) -> SoftmaxState {
    SoftmaxState(base + path.index * Self.softmaxRows * lanes, lanes: lanes)
  }

  func reset() {
    for path in AttentionPath.all { reset(path) }
  }

  func reset(_ path: AttentionPath) {
    softmax(path).reset(lanes: lanes)
    sums(path).update(repeating: 0, count: path.valueColumns * lanes)
  }

  /// Adds what the same queries have gathered from other references.
  func merge(_ other: AttentionSums, _ kernels: AttentionKernels) {
    for path in AttentionPath.all {
      let (mine, theirs) = (softmax(path), other.softmax(path))
      rescale(mine, theirs, kernels)
      let (target, source) = (sums(path), other.sums(path))
      for row in 0..<path.valueColumns {
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
