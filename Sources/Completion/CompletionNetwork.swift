import Glibc
import Kernels
public import Quantities

/// Range points to additions to the decoder's inputs, for one image size and at most so many points.
///
/// Memory is planned at the beginning; `run` and `add` allocate nothing. Not thread-safe: use it on one thread at a
/// time.
public final class CompletionNetwork {
  public let size: ImageSize
  public let weights: CompletionWeights
  /// Points that entered the network in the last run, after thinning.
  public private(set) var usedPoints = 0
  private let levels: [SparseLevel]
  private var thinning: PointThinning
  private let pointRows: Scratch<Int32>
  private let pointColumns: Scratch<Int32>
  private let pointFeatures: Scratch<Float>
  private let pointAnchor: PointAnchor
  private let reach: PointReach
  private let scratch: Scratch<Float>
  private let executor: any ParallelExecutor

  /// - Parameters:
  ///   - size: the network's input size; both sides multiples of 32.
  ///   - pointCap: the most points that enter the network; more are thinned. Nil = one for each cell.
  public init(
    _ weights: CompletionWeights, size: ImageSize, pointCap: Int? = nil, executor: any ParallelExecutor
  ) {
    precondition(size.width % 32 == 0 && size.height % 32 == 0, "network sizes are multiples of 32")
    useSingleThreadedBLAS()
    self.weights = weights
    self.size = size
    self.executor = executor
    let cells = size.pixelCount / (weights.cellPixels * weights.cellPixels)
    let cap = max(1, min(pointCap ?? cells, cells))
    thinning = PointThinning(size: size, cellPixels: weights.cellPixels, cap: cap)
    pointRows = Scratch(count: cap)
    pointColumns = Scratch(count: cap)
    pointFeatures = Scratch(count: cap * CompletionWeights.pointFeatures)
    pointAnchor = PointAnchor(weights, size: size, executor: executor)
    reach = PointReach(size: size)
    levels = weights.levels.map { SparseLevel($0, size: size, pointCap: cap) }
    scratch = Scratch(count: executor.width * (levels.map(\.scratchFloats).max() ?? 0))
  }

  /// Computes every level's addition.
  ///
  /// - Parameter unitsPerMeter: what turns the points' metres into the network's unit of depth.
  public func run(_ points: borrowing SparseDepth, unitsPerMeter: Float) {
    precondition(points.size == size, "the points lie on another grid than the network's")
    pointAnchor.take(points, unitsPerMeter: unitsPerMeter)
    thinning.run(points)
    usedPoints = thinning.count
    encode(points, unitsPerMeter)
    var cells = CellList(rows: pointRows.base, columns: pointColumns.base, count: usedPoints)
    var features = UnsafePointer(pointFeatures.base)
    for level in levels {
      level.run(features, of: cells, scratch: scratch, executor: executor)
      cells = level.cells.list
      features = UnsafePointer(level.features.base)
    }
  }

  /// Adds what the last `run` found to the decoder's inputs: K <- w K + P + b, level after level.
  ///
  /// - Parameter maps: one for each level, of the level's channels and of the size over its target's stride; levels
  ///   may share one.
  public func add(to maps: [DecoderMap]) {
    precondition(maps.count == levels.count, "one map for each level is needed")
    for index in levels.indices {
      let (file, level, map) = (weights.levels[index], levels[index], maps[index])
      precondition(
        map.channels == file.targetChannels && map.width == size.width / file.targetStride
          && map.height == size.height / file.targetStride, "the map is not the level's target")
      map.scale(by: file.mapWeight, adding: file.mapBias, executor: executor)
      map.add(
        level.addition.base, at: level.cells.list, enlargement: file.enlargement, executor: executor)
    }
  }

  /// Holds what the decoder made of the maps to all points of the last `run`, in place: thinning spares the network
  /// work, here every pixel counts. Finds out how far the thinned ones reach.
  ///
  /// - Parameter disparity: (height, width).
  public func anchor(_ disparity: UnsafeMutableBufferPointer<Float>) {
    precondition(
      disparity.count == size.pixelCount, "a disparity for each pixel of the network's input is needed")
    guard let base = disparity.baseAddress else { return }
    pointAnchor.run(base)
    let farthest = 1 / weights.maximumDepth
    reach.run(
      base, farthest: farthest, span: 1 / weights.minimumDepth - farthest, pixels: thinning.pixels.base,
      count: usedPoints)
  }

  /// Side of the cells of `sigmaShares`, pixels.
  public static let sigmaCellPixels = PointReach.cellPixels

  /// How much of the prediction's sigma of ln(depth) is left in each cell of the last depth that was held to points,
  /// 0...1, row by row; valid until the next `anchor`.
  public var sigmaShares: UnsafePointer<Float> { UnsafePointer(reach.shares.base) }

  /// A level's addition P as the last `run` found it: (targetChannels, height / stride, width / stride), 0 at cells
  /// without points. Allocates.
  public func addition(of level: Int) -> [Float] {
    let (cells, channels) = (levels[level].cells, levels[level].targetChannels)
    let plane = cells.width * cells.height
    var dense = [Float](repeating: 0, count: channels * plane)
    for place in 0..<cells.count {
      let pixel = Int(cells.rows.base[place]) * cells.width + Int(cells.columns.base[place])
      for channel in 0..<channels {
        dense[channel * plane + pixel] = levels[level].addition.base[place * channels + channel]
      }
    }
    return dense
  }

  /// Features of the chosen points: ln(0.1 maximumDepth / depth), and 1.
  private func encode(_ points: borrowing SparseDepth, _ unitsPerMeter: Float) {
    for place in 0..<thinning.count {
      let pixel = Int(thinning.pixels.base[place])
      let depth = min(weights.maximumDepth, max(weights.minimumDepth, points.depth(pixel) * unitsPerMeter))
      pointRows.base[place] = Int32(truncatingIfNeeded: pixel / size.width)
      pointColumns.base[place] = Int32(truncatingIfNeeded: pixel % size.width)
      pointFeatures.base[2 * place] = logf(0.1 * weights.maximumDepth / depth)
      pointFeatures.base[2 * place + 1] = 1
    }
  }
}
