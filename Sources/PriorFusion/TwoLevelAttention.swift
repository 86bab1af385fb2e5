import Kernels
import Quantities

/// Attention that looks at the references of a few clusters and lets the far field speak for all others.
///
/// The queries of a panel, neighbours in the image, share the choice: clusters are taken in the order of the error that
/// leaving them would cost for each member, weight times variance of the logit, up to a twenty-fourth of the bank.
final class TwoLevelAttention: PanelAttention {
  /// Part of the bank that a panel looks at, on each path.
  private static let visitedShare = 1.0 / 24
  /// Half a variance is not trusted beyond this (1.5 natural units): keys are not normal so far out.
  private static let largestSpread: Float = 2.16

  private let blocks: ReferenceBlocks
  private let panels: QueryPanels
  private let kernels: AttentionKernels
  private let fields: [FarField]
  private let budget: Int
  private let sums: Scratch<Float>
  private let work: [PanelWork]
  private let queue: WorkQueue

  /// Banks below this are faster looked at as a whole.
  static let fewestReferences = 1024

  init(_ blocks: ReferenceBlocks, _ panels: QueryPanels, parts: Int, kernels: AttentionKernels) {
    self.blocks = blocks
    self.panels = panels
    self.kernels = kernels
    queue = WorkQueue(parts: parts)
    let count = blocks.bank.count
    budget = max(1, Int(Double(count) * Self.visitedShare))
    fields = AttentionPath.all.map { path in
      // Enough members for a covariance, few enough clusters for their cost.
      let clusterCount = path == .pixel ? min(128, max(16, count / 192)) : min(64, max(12, count / 384))
      return FarField(blocks, path, clusterCount: min(count, clusterCount), kernels: kernels)
    }
    sums = Scratch(count: panels.panelCount * AttentionSums.floatCount(lanes: panels.lanes))
    let clusterCount = fields.map(\.clusters.count).max() ?? 0
    let columns = fields.map(\.columns).max() ?? 0
    work = (0..<parts).map { [budget] _ in
      PanelWork(kernels, clusterCount: clusterCount, columns: columns, budget: budget)
    }
  }

  func sums(panel: Int) -> AttentionSums {
    AttentionSums(
      lanes: panels.lanes, base: sums.base + panel * AttentionSums.floatCount(lanes: panels.lanes))
  }

  func run(_ executor: any ParallelExecutor) {
    queue.run(units: panels.panelCount * fields.count, executor) { unit, part in
      gather(fields[unit % fields.count], panel: unit / fields.count, work[part])
    }
  }

  func merge(panel: Int) {}

  private func gather(_ field: FarField, panel: Int, _ work: PanelWork) {
    let sums = sums(panel: panel)
    sums.reset(field.path)
    let query = panels.query(field.path, panel)
    work.begin(valid: panels.valid(panel))
    look(field, query, work)
    let visited = choose(field, work)
    visit(field, query, work.members, count: visited, sums, work)
    if field.path == .pixel { noteBest(field, sums, work) }
    addFar(field, sums, work)
  }

  /// The logits of the centroids, and how much those of their members spread.
  private func look(_ field: FarField, _ query: UnsafePointer<Float>, _ work: PanelWork) {
    let (lanes, rank, width, count) = (panels.lanes, FarField.rank, field.path.keyWidth, field.clusters.count)
    work.kernels.product(
      .init(field.directions.base, count: rank, depth: width, stride: width), query,
      into: work.projected.base)
    work.square(query, width: width, rank: rank)
    let features = FarField.featureCount
    work.kernels.product(
      .init(field.spreads.base, count: count, depth: features, stride: features), work.features.base,
      into: work.spread.base)
    work.kernels.product(
      .init(field.centroids.base, count: count, depth: width, stride: width), query,
      into: work.centroid.base)
    for cluster in 0..<count {
      let bias = field.bias[cluster]
      let (spread, centroid) = (work.spread.base + cluster * lanes, work.centroid.base + cluster * lanes)
      let logit = work.logits.base + cluster * lanes
      work.forEachVector { lane in
        let spread = (spread + lane).vector
        let limited = spread.replacing(with: Self.largestSpread, where: spread .> Self.largestSpread)
        (logit + lane).vector = (centroid + lane).vector + bias + limited
      }
    }
  }

  /// Lists the members of the clusters that a panel is to look at; returns how many there are.
  private func choose(_ field: FarField, _ work: PanelWork) -> Int {
    let (lanes, count, starts) = (panels.lanes, field.clusters.count, field.clusters.starts)
    let state = SoftmaxState(work.state.base, lanes: lanes)
    state.reset(lanes: lanes)
    work.weights.base.update(from: work.logits.base, count: count * lanes)
    work.kernels.softmax(work.weights.base, rows: count, state)
    // Lanes without a pixel have no say.
    for lane in 0..<lanes { state.keep[lane] = lane < work.valid ? 1 / state.sum[lane] : 0 }
    for cluster in 0..<count {
      let size = starts[cluster + 1] - starts[cluster]
      let (weight, spread) = (work.weights.base + cluster * lanes, work.spread.base + cluster * lanes)
      var cost = LaneVector.zero
      work.forEachVector { lane in
        let ofLanes = (weight + lane).vector * (state.keep + lane).vector * (spread + lane).vector
        // Nor has a query that is no number in what its neighbours look at.
        cost += LaneVector.zero.replacing(with: ofLanes, where: ofLanes .> 0)
      }
      work.scores.base[cluster] = size > 0 ? cost.sum() / Float(size) : -1
    }
    var total = 0
    while true {
      var best = -1
      for cluster in 0..<count where work.scores.base[cluster] >= 0 {
        guard starts[cluster + 1] - starts[cluster] <= budget - total else { continue }
        if best < 0 || work.scores.base[cluster] > work.scores.base[best] { best = cluster }
      }
      guard best >= 0 else { return total }
      work.scores.base[best] = -2
      field.clusters.members.withUnsafeBufferPointer { members in
        for index in starts[best]..<starts[best + 1] {
          work.members.base[total] = members[index]
          total += 1
        }
      }
    }
  }

  /// Attention over some references, as the exact path does it.
  private func visit(
    _ field: FarField, _ query: UnsafePointer<Float>, _ members: Scratch<Int32>, count: Int,
    _ sums: AttentionSums, _ work: PanelWork
  ) {
    let (path, width) = (field.path, field.path.keyWidth)
    let state = sums.softmax(path)
    var start = 0
    while start < count {
      let rows = min(ReferenceBlocks.rows, count - start)
      blocks.gather(
        path, UnsafeBufferPointer(start: members.base + start, count: rows), keys: work.keys.base,
        values: work.values.base)
      work.kernels.product(
        .init(work.keys.base, count: rows, depth: width, stride: width), query, into: work.weights.base)
      work.kernels.softmax(work.weights.base, rows: rows, state)
      work.kernels.product(
        .init(columnsOf: work.values.base, count: path.valueColumns, depth: rows, stride: path.valueColumns),
        work.weights.base, keep: state.keep, into: sums.sums(path))
      start += rows
    }
  }

  /// The best logit among the references looked at, and the best to be expected of the others: of n normal numbers the
  /// largest lies about 0.8 sqrt(2 ln n) standard deviations above their mean.
  private func noteBest(_ field: FarField, _ sums: AttentionSums, _ work: PanelWork) {
    let lanes = panels.lanes
    sums.best.update(from: sums.softmax(.pixel).largest, count: lanes)
    for cluster in 0..<field.clusters.count where work.isFar(cluster) {
      let logSize = field.bias[cluster]
      for lane in 0..<lanes {
        let index = cluster &* lanes &+ lane
        let above = 1.6 * (max(0, work.spread.base[index]) * logSize).squareRoot()
        sums.best[lane] = max(sums.best[lane], work.centroid.base[index] + above)
      }
    }
  }

  /// From the weights of clusters, in `logits`, to those of their slopes, in `weights`.
  ///
  /// The mean value of a cluster, as a query weighs its members, lies A q from the plain mean. Of that no more is
  /// believed than of the weight itself: a sharp query would carry it far beyond all members.
  private func limitSlopes(_ count: Int, _ work: PanelWork) {
    let (weights, spreads, slopes) = (work.logits.base, work.spread.base, work.weights.base)
    // Number by number, for the compiler to make vectors of: `squareRoot` of a vector goes lane by lane.
    for place in 0..<count * panels.lanes {
      let share = Self.largestSpread / spreads[place]
      slopes[place] = weights[place] * (share < 1 ? share.squareRoot() : 1)
    }
  }

  /// Adds the clusters that were not looked at.
  private func addFar(_ field: FarField, _ sums: AttentionSums, _ work: PanelWork) {
    let (lanes, count, path, rank) = (panels.lanes, field.clusters.count, field.path, FarField.slopeRank)
    let logits = work.logits.base
    for cluster in 0..<count where !work.isFar(cluster) {
      (logits + cluster * lanes).update(repeating: SoftmaxState.beforeAnyLogit, count: lanes)
    }
    let state = sums.softmax(path)
    work.kernels.softmax(logits, rows: count, state)
    let means = path.valueColumns
    work.kernels.product(
      .init(columnsOf: field.values.base, count: means, depth: count, stride: field.columns), logits,
      into: work.far.base)
    limitSlopes(count, work)
    let slopes = AttentionKernels.Rows(
      columnsOf: field.values.base + means, count: field.columns - means, depth: count, stride: field.columns)
    work.kernels.product(slopes, work.weights.base, into: work.far.base + means * lanes)
    let target = sums.sums(path)
    for column in 0..<path.valueColumns {
      let (row, mean) = (target + column * lanes, work.far.base + column * lanes)
      let slopes = work.far.base + (path.valueColumns + column * rank) * lanes
      work.forEachVector { lane in
        var sum = (mean + lane).vector
        sum.addProduct((row + lane).vector, (state.keep + lane).vector)
        for i in 0..<rank {
          sum.addProduct(
            (slopes + (i &* lanes &+ lane)).vector, (work.projected.base + (i &* lanes &+ lane)).vector)
        }
        (row + lane).vector = sum
      }
    }
    guard path == .pixel else { return }
    // A cluster counts as one reference in the running sum for the entropy; its members' mean logit is the centroid's
    // plus twice the spread, and not plus the logarithm of their number.
    for cluster in 0..<count where work.isFar(cluster) {
      let bias = field.bias[cluster]
      for lane in 0..<lanes {
        let index = cluster &* lanes &+ lane
        state.weighted[lane] += logits[index] * (min(work.spread.base[index], Self.largestSpread) - bias)
      }
    }
  }
}
