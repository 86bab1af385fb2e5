import Kernels

/// References of one path grouped by their keys: k-means, the same on every run and machine width.
struct KeyClusters {
  /// Rounds over a sample; then every reference goes to its nearest centroid.
  private static let rounds = 5
  /// Keys of the sample, for each cluster.
  private static let samplesPerCluster = 64

  let count: Int
  let width: Int
  /// (count, width): the mean of each cluster's keys.
  private(set) var centroids: [Float]
  /// The references, cluster by cluster; cluster c has `starts[c]..<starts[c + 1]`.
  private(set) var members: [Int32] = []
  private(set) var starts: [Int] = []
  private let kernels: AttentionKernels

  /// - Parameters:
  ///   - keys: (rows, width).
  ///   - count: at most the number of rows.
  init(_ keys: UnsafeBufferPointer<Float>, width: Int, count: Int, kernels: AttentionKernels) {
    self.count = count
    self.width = width
    self.kernels = kernels
    let rows = keys.count / width
    // Evenly spaced seeds: a bank lists its references by drive and frame.
    centroids = (0..<count).flatMap { cluster in
      let row = cluster * rows / count
      return Array(keys[row * width..<(row + 1) * width])
    }
    let step = max(1, rows / (Self.samplesPerCluster * count))
    let sample = (0..<(rows + step - 1) / step).flatMap { row in
      Array(keys[row * step * width..<(row * step + 1) * width])
    }
    for _ in 0..<Self.rounds {
      sample.withUnsafeBufferPointer { move(to: $0, nearest($0)) }
    }
    let owners = nearest(keys)
    move(to: keys, owners)
    list(owners)
  }

  /// The nearest centroid of each key.
  private func nearest(_ keys: UnsafeBufferPointer<Float>) -> [Int32] {
    guard let base = keys.baseAddress else { return [] }
    let (rows, lanes, blockRows) = (keys.count / width, kernels.lanes, ReferenceBlocks.rows)
    let panel = Scratch<Float>(count: width * lanes)
    let products = Scratch<Float>(count: blockRows * lanes)
    var owners = [Int32](repeating: 0, count: rows)
    var best = [Float](repeating: -.infinity, count: rows)
    for first in stride(from: 0, to: count, by: lanes) {
      let valid = min(lanes, count - first)
      // Half the squared norm is what a dot product lacks to be a distance.
      let halves = (0..<valid).map { lane in
        (0..<width).reduce(Float(0)) { sum, k in
          let value = centroids[(first + lane) * width + k]
          panel.base[k * lanes + lane] = value
          return sum + 0.5 * value * value
        }
      }
      for start in stride(from: 0, to: rows, by: blockRows) {
        let block = min(blockRows, rows - start)
        kernels.product(
          .init(base + start * width, count: block, depth: width, stride: width), panel.base,
          into: products.base)
        for row in 0..<block {
          for lane in 0..<valid {
            let likeness = products.base[row &* lanes &+ lane] - halves[lane]
            guard likeness > best[start + row] else { continue }
            best[start + row] = likeness
            owners[start + row] = Int32(first + lane)
          }
        }
      }
    }
    return owners
  }

  /// Centroids become the means of the keys they own; one that owns none stays.
  private mutating func move(to keys: UnsafeBufferPointer<Float>, _ owners: [Int32]) {
    var sums = [Float](repeating: 0, count: centroids.count)
    var sizes = [Float](repeating: 0, count: count)
    for (row, owner) in owners.enumerated() {
      sizes[Int(owner)] += 1
      for k in 0..<width { sums[Int(owner) * width + k] += keys[row * width + k] }
    }
    for cluster in 0..<count where sizes[cluster] > 0 {
      for k in 0..<width { centroids[cluster * width + k] = sums[cluster * width + k] / sizes[cluster] }
    }
  }

  private mutating func list(_ owners: [Int32]) {
    starts = [Int](repeating: 0, count: count + 1)
    for owner in owners { starts[Int(owner) + 1] += 1 }
    for cluster in 0..<count { starts[cluster + 1] += starts[cluster] }
    var next = starts
    members = [Int32](repeating: 0, count: owners.count)
    for (row, owner) in owners.enumerated() {
      members[next[Int(owner)]] = Int32(row)
      next[Int(owner)] += 1
    }
  }
}
