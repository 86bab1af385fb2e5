import Glibc
import Kernels
import Quantities

/// Holds a completed disparity map to its range points: what it still has wrong at them is taken out around them.
///
/// The error of ln(depth) is known in cells with a point. Elsewhere it solves Laplace's equation with these as boundary
/// and a conductance between cells that falls with the step in predicted depth (Perona and Malik, PAMI 1990), from
/// coarse to fine by a few sweeps per level; docs/bundle.md has the arithmetic. Memory is planned at the beginning.
final class PointAnchor {
  private let size: ImageSize
  private let anchoring: CompletionWeights.Anchoring
  /// 1 / depth at disparity 0, and the step from there to disparity 1.
  private let farthest: Float
  private let span: Float
  /// From stride 2 to stride 32.
  private let levels: [AnchorLevel]
  /// exp(-error) of one row of stride-2 cells, blended between two, with a margin of one on either side.
  private let factors: Scratch<Float>

  init(_ weights: CompletionWeights, size: ImageSize) {
    self.size = size
    anchoring = weights.anchoring
    farthest = 1 / weights.maximumDepth
    span = 1 / weights.minimumDepth - farthest
    levels = CompletionWeights.strides.map { AnchorLevel(width: size.width / $0, height: size.height / $0) }
    factors = Scratch(count: size.width / 2 + 2)
  }

  /// Changes the disparity in place.
  ///
  /// - Parameters:
  ///   - disparity: (height, width).
  ///   - pixels: of the points, row by row.
  ///   - logDepths: ln of their depths in the network's unit, held in the network's limits.
  func run(
    _ disparity: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Int32>, logDepths: UnsafePointer<Float>,
    count: Int
  ) {
    guard count > 0 else { return }
    compare(disparity, pixels, logDepths, count)
    for index in levels.indices.dropFirst() { levels[index].gather(levels[index - 1]) }
    let coarsest = levels[levels.count - 1]
    let sums = coarsest.sums
    coarsest.begin(with: sums.total / sums.count)
    coarsest.settle(anchoring)
    for index in levels.indices.dropLast().reversed() {
      levels[index].begin(with: levels[index + 1])
      levels[index].settle(anchoring)
    }
    apply(to: disparity)
  }

  /// Fills the finest level: predicted ln(depth) of each cell, and the points' errors.
  private func compare(
    _ disparity: UnsafePointer<Float>, _ pixels: UnsafePointer<Int32>, _ logDepths: UnsafePointer<Float>,
    _ count: Int
  ) {
    let finest = levels[0]
    for row in 0..<finest.height {
      let upper = disparity + 2 &* row &* size.width
      let lower = upper + size.width
      let target = finest.logDepth.base + finest.place(row, 0)
      for column in 0..<finest.width {
        let place = 2 &* column
        let sum = upper[place] + upper[place &+ 1] + (lower[place] + lower[place &+ 1])
        target[column] = -logf(farthest + span * 0.25 * sum)
      }
    }
    finest.clearPoints()
    for index in 0..<count {
      let (row, column) = Int(pixels[index]).quotientAndRemainder(dividingBy: size.width)
      let cell = finest.place(row / 2, column / 2)
      finest.total.base[cell] += logDepths[index] - finest.logDepth.base[cell]
      finest.count.base[cell] += 1
    }
  }

  /// Multiplies inverse depth by exp(-error), enlarged like the errors themselves.
  private func apply(to disparity: UnsafeMutablePointer<Float>) {
    let finest = levels[0]
    let (cells, row) = (finest.error.base, factors.base + 1)
    // The error is not needed again: its memory takes the factors.
    for line in 0..<finest.height {
      for cell in finest.place(line, 0)..<finest.place(line, finest.width) {
        cells[cell] = expf(-cells[cell])
      }
    }
    for line in 0..<size.height {
      let near = cells + finest.place(line / 2, 0)
      let far = cells + finest.place(AnchorLevel.neighbor(of: line, limit: finest.height), 0)
      for column in 0..<finest.width { row[column] = 0.75 * near[column] + 0.25 * far[column] }
      row[-1] = row[0]
      row[finest.width] = row[finest.width &- 1]
      let target = disparity + line &* size.width
      for column in 0..<finest.width {
        scale(&target[2 &* column], by: 0.75 * row[column] + 0.25 * row[column &- 1])
        scale(&target[2 &* column &+ 1], by: 0.75 * row[column] + 0.25 * row[column &+ 1])
      }
    }
  }

  @inline(__always)
  private func scale(_ disparity: inout Float, by factor: Float) {
    let inverse = (farthest + span * disparity) * factor
    disparity = (min(farthest + span, max(farthest, inverse)) - farthest) / span
  }
}
