import Glibc
import Kernels
public import Quantities

/// Which references of a bank the pixels of some frames look at: per reference the mean over frames of
///
///     mean_q a_qj + mean_h mean_q a_hqj
///
/// which sums to 2 over a bank. References stream past twice, once for the softmaxes' normalisers, once for the
/// weights, so the bank need not fit in memory. The same inputs give the same bits on any number of threads.
///
/// - Source: RPrDepth (ECCV 2024), attention-guided feature selection.
public final class AttentionAccumulator {
  /// References of a chunk, at most.
  public static let chunk = 4096
  /// Queries that are collected before the references stream past: each pass reads the whole bank.
  public static let queriesPerPass = 4096

  private static let width = PriorBank.width

  private let side: PriorBank.QuerySide
  private let channels: Int
  private let executor: any ParallelExecutor
  /// (queries, 64) of both paths.
  private var pixelQueries: [Float] = []
  private var headQueries: [Float] = []
  /// One over the frame's number of queries, for each query.
  private var shares: [Double] = []
  /// Per path and query: largest logit and sum of exponentials so far, then their logarithm's sum.
  private var largest: [Float] = []
  private var sums: [Double] = []
  private var logits: [Float] = []

  /// - Parameter channels: C of f_s.
  public init(_ side: PriorBank.QuerySide, channels: Int, executor: any ParallelExecutor) {
    useSingleThreadedBLAS()
    self.side = side
    self.channels = channels
    self.executor = executor
  }

  public var waitingQueries: Int { shares.count }

  /// Takes in the features of one frame.
  /// - Parameter features: F_s (pixels, C).
  public func add(_ features: [Float]) {
    let count = features.count / channels
    precondition(count > 0 && count * channels == features.count, "features are (pixels, C)")
    pixelQueries += project(features, side.pixelWeight, side.pixelBias, count)
    headQueries += project(features, side.headsWeight, side.headsBias, count)
    shares += [Double](repeating: 1 / Double(count), count: count)
  }

  private func project(_ features: [Float], _ weight: [Float], _ bias: [Float], _ count: Int) -> [Float] {
    var rows: [Float] = []
    for _ in 0..<count { rows += bias }
    features.withUnsafeBufferPointer { features in
      weight.withUnsafeBufferPointer { weight in
        rows.withUnsafeMutableBufferPointer { rows in
          guard let source = features.baseAddress, let matrix = weight.baseAddress,
            let target = rows.baseAddress
          else { return }
          // On one thread: how a product is cut decides its last bits.
          matrixMultiply(
            MatrixOperand(source, leading: channels),
            MatrixOperand(matrix, leading: channels, isTransposed: true), into: target, leading: Self.width,
            m: count, n: Self.width, k: channels, beta: 1)
        }
      }
    }
    return rows
  }

  /// Begins the two passes over the references for the frames that wait.
  public func beginPass() {
    largest = [Float](repeating: -.infinity, count: AttentionPath.all.count * shares.count)
    sums = [Double](repeating: 0, count: AttentionPath.all.count * shares.count)
    logits = [Float](repeating: 0, count: Self.chunk * shares.count)
  }

  /// First pass: takes in some references' keys, (count, 64) each, at most `chunk`.
  public func normalise(keyPixel: [Float], keyHeads: [Float]) {
    let count = keyPixel.count / Self.width
    let queries = shares.count
    for path in AttentionPath.all {
      product(path, keyPixel, keyHeads)
      largest.withUnsafeMutableBufferPointer { largest in
        sums.withUnsafeMutableBufferPointer { sums in
          parallelChunks(executor, count: queries, grain: 16) { start, end in
            for query in start..<end {
              let (place, row) = (path.index * queries + query, query * count..<(query + 1) * count)
              let before = largest[place]
              let high = logits[row].reduce(before) { max($0, $1) }
              var sum = before == -.infinity ? 0 : sums[place] * exp(Double(before - high))
              for index in row { sum += Double(expf(logits[index] - high)) }
              largest[place] = high
              sums[place] = sum
            }
          }
        }
      }
    }
  }

  /// Second pass: the same references again.
  /// - Returns: the weight of each, summed over the frames that wait.
  public func weigh(keyPixel: [Float], keyHeads: [Float]) -> [Double] {
    let count = keyPixel.count / Self.width
    var totals = [Double](repeating: 0, count: count)
    for path in AttentionPath.all {
      product(path, keyPixel, keyHeads)
      let part = path == .pixel ? 1 : 1 / Double(AttentionPath.heads.count)
      totals.withUnsafeMutableBufferPointer { totals in
        // Each reference sums over the queries in their order, however many threads there are.
        parallelChunks(executor, count: count, grain: 64) { start, end in
          for query in 0..<shares.count {
            let place = path.index * shares.count + query
            let factor = part * shares[query] / sums[place]
            for reference in start..<end {
              totals[reference] += factor * Double(expf(logits[query * count + reference] - largest[place]))
            }
          }
        }
      }
    }
    return totals
  }

  /// Forgets the frames that waited.
  public func endPass() {
    pixelQueries = []
    headQueries = []
    shares = []
  }

  /// Queries of one product: the same cut, whatever the number of threads.
  private static let block = 64

  /// Logits (queries, references) of one path.
  private func product(_ path: AttentionPath, _ keyPixel: [Float], _ keyHeads: [Float]) {
    let (count, queries) = (keyPixel.count / Self.width, shares.count)
    precondition(count <= Self.chunk && keyHeads.count == keyPixel.count, "at most a chunk of references")
    let (isPixel, offset) = (path == .pixel, path.firstColumn)
    (isPixel ? pixelQueries : headQueries).withUnsafeBufferPointer { rows in
      (isPixel ? keyPixel : keyHeads).withUnsafeBufferPointer { keys in
        logits.withUnsafeMutableBufferPointer { logits in
          guard let rows = rows.baseAddress, let keys = keys.baseAddress, let target = logits.baseAddress
          else {
            return
          }
          executor.run(parts: (queries + Self.block - 1) / Self.block) { block in
            let first = block * Self.block
            matrixMultiply(
              MatrixOperand(rows + first * Self.width + offset, leading: Self.width),
              MatrixOperand(keys + offset, leading: Self.width, isTransposed: true),
              into: target + first * count, leading: count, m: min(Self.block, queries - first), n: count,
              k: path.keyWidth, beta: 0)
          }
        }
      }
    }
  }
}
