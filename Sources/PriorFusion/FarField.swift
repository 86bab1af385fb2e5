import Glibc
import Kernels

/// The references of one path, cluster by cluster, and what a cluster says for all of its members to a query that does
/// not look at them one by one.
///
/// Within a cluster keys are taken as normally distributed about their mean c with covariance S, so that a query q
/// finds n exp(q c + q S q / 2) of weight there, and the mean value v + A q with A the covariance of values and keys.
/// Both are kept on the directions in which keys vary most; what is left of S counts as alike in all other directions.
///
/// Why not plain centroids: docs/decisions/0018.
///
/// - Source: moments of the exponentially tilted normal distribution; the division into near and far is that of the
///   fast Gauss transform (Greengard and Strain, 1991).
struct FarField {
  /// Directions of the covariances.
  static let rank = 16
  /// The first of them, on which values are followed too.
  static let slopeRank = 8
  /// Products of two directions, and what is left.
  static let featureCount = rank * (rank + 1) / 2 + 1

  let path: AttentionPath
  /// Some hold no reference.
  let clusters: KeyClusters
  /// (K, keyWidth).
  let centroids: Scratch<Float>
  /// (K): log2 of the number of members; of an empty cluster far below all logits.
  let bias: [Float]
  /// (K, featureCount): half the variance of the logit, in powers of two, as a linear function of the features.
  let spreads: Scratch<Float>
  /// (K, valueColumns (1 + slopeRank)): the mean value, then A row by row.
  let values: Scratch<Float>
  /// (rank, keyWidth).
  let directions: Scratch<Float>

  /// Columns of `values`.
  var columns: Int { path.valueColumns * (1 + Self.slopeRank) }

  init(_ blocks: ReferenceBlocks, _ path: AttentionPath, clusterCount: Int, kernels: AttentionKernels) {
    self.path = path
    let (count, width) = (blocks.bank.count, path.keyWidth)
    let keys = Scratch<Float>(count: count * width)
    let rowValues = Scratch<Float>(count: count * path.valueColumns)
    let all = Array(Int32(0)..<Int32(count))
    all.withUnsafeBufferPointer {
      blocks.gather(path, $0, keys: keys.base, values: rowValues.base)
    }
    clusters = KeyClusters(
      UnsafeBufferPointer(start: keys.base, count: count * width), width: width, count: clusterCount,
      kernels: kernels)
    centroids = Scratch(clusters.centroids)
    let starts = clusters.starts
    bias = (0..<clusterCount).map { cluster in
      let size = starts[cluster + 1] - starts[cluster]
      return size > 0 ? log2f(Float(size)) : SoftmaxState.beforeAnyLogit
    }
    let moments = ClusterMoments(clusters, keys: keys, values: rowValues, path: path)
    directions = Scratch(moments.directions)
    spreads = Scratch(moments.spreads)
    values = Scratch(moments.values)
  }
}
