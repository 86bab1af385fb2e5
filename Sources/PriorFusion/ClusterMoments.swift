import Kernels

/// The second moments of clusters, as `FarField` keeps them.
struct ClusterMoments {
  private static let ln2: Float = 0.693_147_18

  private(set) var directions: [Float]
  private(set) var spreads: [Float]
  private(set) var values: [Float]

  /// - Parameters:
  ///   - keys: (M, keyWidth); become deviations from the centroids.
  ///   - values: (M, valueColumns); become deviations from the clusters' means.
  init(_ clusters: KeyClusters, keys: Scratch<Float>, values: Scratch<Float>, path: AttentionPath) {
    let (width, columns, rank, count) = (path.keyWidth, path.valueColumns, FarField.rank, clusters.count)
    let slopes = FarField.slopeRank
    let rows = clusters.members.count
    spreads = [Float](repeating: 0, count: count * FarField.featureCount)
    self.values = [Float](repeating: 0, count: count * columns * (1 + slopes))
    for cluster in 0..<count {
      let members = clusters.members[clusters.starts[cluster]..<clusters.starts[cluster + 1]]
      Self.subtract(clusters.centroids, cluster * width, from: keys, members, width: width)
      let mean = Self.mean(values, members, width: columns)
      Self.subtract(mean, 0, from: values, members, width: columns)
      for column in 0..<columns { self.values[cluster * columns * (1 + slopes) + column] = mean[column] }
    }
    let covariance = Scratch<Float>(count: width * width)
    matrixMultiply(
      MatrixOperand(keys.base, leading: width, isTransposed: true),
      MatrixOperand(keys.base, leading: width),
      into: covariance.base, leading: width, m: width, n: width, k: rows, beta: 0)
    directions =
      PrincipalDirections(
        of: (0..<width * width).map { covariance.base[$0] / Float(rows) }, width: width, rank: rank
      ).rows
    let projected = Scratch<Float>(count: rows * rank)
    directions.withUnsafeBufferPointer { directions in
      guard let base = directions.baseAddress else { return }
      matrixMultiply(
        MatrixOperand(keys.base, leading: width), MatrixOperand(base, leading: width, isTransposed: true),
        into: projected.base, leading: rank, m: rows, n: rank, k: width, beta: 0)
    }
    for cluster in 0..<count { add(cluster, clusters, keys, values, projected, path) }
  }

  private static func mean(_ rows: Scratch<Float>, _ members: ArraySlice<Int32>, width: Int) -> [Float] {
    var sums = [Float](repeating: 0, count: width)
    for member in members {
      for k in 0..<width { sums[k] += rows.base[Int(member) * width + k] }
    }
    return sums.map { $0 / Float(max(1, members.count)) }
  }

  private static func subtract(
    _ mean: [Float], _ first: Int, from rows: Scratch<Float>, _ members: ArraySlice<Int32>, width: Int
  ) {
    for member in members {
      for k in 0..<width { rows.base[Int(member) * width + k] -= mean[first + k] }
    }
  }

  /// Covariances of one cluster from its members' deviations.
  private mutating func add(
    _ cluster: Int, _ clusters: KeyClusters, _ keys: Scratch<Float>, _ rowValues: Scratch<Float>,
    _ projected: Scratch<Float>, _ path: AttentionPath
  ) {
    let (width, columns, rank) = (path.keyWidth, path.valueColumns, FarField.rank)
    let members = clusters.members[clusters.starts[cluster]..<clusters.starts[cluster + 1]]
    let share = 1 / Float(max(1, members.count))
    let spread = cluster * FarField.featureCount
    let slopes = FarField.slopeRank
    let slope = cluster * columns * (1 + slopes) + columns
    for member in members {
      let p = projected.base + Int(member) * rank
      let key = keys.base + Int(member) * width
      var feature = spread
      // Half the variance in powers of two: ln 2 / 2 q S q; a product of two directions stands for both orders.
      for i in 0..<rank {
        spreads[feature] += 0.5 * Self.ln2 * share * p[i] * p[i]
        feature += 1
        for j in i + 1..<max(rank, i + 1) {
          spreads[feature] += Self.ln2 * share * p[i] * p[j]
          feature += 1
        }
      }
      if width > rank {
        var left: Float = 0
        for k in 0..<width { left += key[k] * key[k] }
        for i in 0..<rank { left -= p[i] * p[i] }
        spreads[feature] += 0.5 * Self.ln2 * share * max(0, left) / Float(width - rank)
      }
      let value = rowValues.base + Int(member) * columns
      for column in 0..<columns {
        let factor = Self.ln2 * share * value[column]
        for i in 0..<slopes { values[slope + column * slopes + i] += factor * p[i] }
      }
    }
  }
}
