import Kernels

/// The memory of one part while it works on a panel of queries; rows of `lanes` floats unless said otherwise.
final class PanelWork {
  private let lanes: Int
  private let wholeKernels: AttentionKernels
  /// Lanes of the panel that hold queries, and kernels for it.
  private(set) var valid: Int
  private(set) var kernels: AttentionKernels
  /// The query on the far field's directions, their products, and what is left of its square.
  let projected: Scratch<Float>
  let features: Scratch<Float>
  /// One row for each cluster: half the variance of its members' logits, the centroid's logit, and the cluster's.
  let spread: Scratch<Float>
  let centroid: Scratch<Float>
  let logits: Scratch<Float>
  /// Of clusters, or of a block of references.
  let weights: Scratch<Float>
  let state: Scratch<Float>
  /// (K): -1 where a cluster is empty, -2 where it is looked at.
  let scores: Scratch<Float>
  /// References to look at.
  let members: Scratch<Int32>
  let keys: Scratch<Float>
  let values: Scratch<Float>
  let far: Scratch<Float>

  init(_ kernels: AttentionKernels, clusterCount: Int, columns: Int, budget: Int) {
    lanes = kernels.lanes
    wholeKernels = kernels
    self.kernels = kernels
    valid = lanes
    projected = Scratch(count: FarField.rank * lanes)
    features = Scratch(count: FarField.featureCount * lanes)
    spread = Scratch(count: clusterCount * lanes)
    centroid = Scratch(count: clusterCount * lanes)
    logits = Scratch(count: clusterCount * lanes)
    weights = Scratch(count: max(clusterCount, ReferenceBlocks.rows) * lanes)
    state = Scratch(count: 4 * lanes)
    scores = Scratch(count: clusterCount)
    members = Scratch(count: budget)
    keys = Scratch(count: ReferenceBlocks.rows * PriorBank.width)
    values = Scratch(count: ReferenceBlocks.rows * ReferenceBlocks.valueColumns)
    far = Scratch(count: columns * lanes)
  }

  /// From here on for a panel of so many queries.
  func begin(valid: Int) {
    self.valid = valid
    kernels = wholeKernels.forFirst(lanes: valid)
  }

  /// Whether a cluster holds references and none of them is looked at.
  func isFar(_ cluster: Int) -> Bool { scores.base[cluster] >= 0 }

  /// Fills `features` from the query (width, lanes) and `projected`.
  func square(_ query: UnsafePointer<Float>, width: Int, rank: Int) {
    var feature = features.base
    for i in 0..<rank {
      for j in i..<rank {
        let (one, other) = (projected.base + i * lanes, projected.base + j * lanes)
        forEachVector { (feature + $0).vector = (one + $0).vector * (other + $0).vector }
        feature += lanes
      }
    }
    guard width > rank else { return feature.update(repeating: 0, count: lanes) }
    forEachVector { lane in
      var rest = LaneVector.zero
      for k in 0..<width {
        let value = (query + (k &* lanes &+ lane)).vector
        rest.addProduct(value, value)
      }
      for i in 0..<rank {
        let value = (projected.base + (i &* lanes &+ lane)).vector
        rest.addProduct(value, -value)
      }
      (feature + lane).vector = rest
    }
  }

  /// Calls `body` with the first lane of each vector of a row that holds queries.
  @inline(__always)
  func forEachVector(_ body: (Int) -> Void) {
    var lane = 0
    while lane < valid {
      body(lane)
      lane &+= LaneVector.scalarCount
    }
  }
}
