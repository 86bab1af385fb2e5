import Kernels
import Quantities

/// What is being anchored: inverse depth as it is completed by now, and its ratio to the believed shape.
///
/// Rows lie with a margin of zeros on either side, as wide as the farthest neighbour: inverse depth 0 has no weight, so
/// nothing comes in across the border.
final class AnchorMap {
  /// The farthest that a neighbour may be, pixels.
  static let reach = 32

  let size: ImageSize
  /// Floats from one row to the next, margins included.
  let pitch: Int
  private(set) var inverse: Scratch<Float>
  private(set) var ratio: Scratch<Float>
  private var nextInverse: Scratch<Float>
  private var nextRatio: Scratch<Float>
  /// A row beyond the upper or the lower border.
  private let beyond: Scratch<Float>

  init(size: ImageSize) {
    self.size = size
    pitch = size.width + 2 * Self.reach
    inverse = Scratch(count: pitch * size.height)
    ratio = Scratch(count: pitch * size.height)
    nextInverse = Scratch(count: pitch * size.height)
    nextRatio = Scratch(count: pitch * size.height)
    beyond = Scratch(count: pitch)
  }

  /// Index of a row's first pixel.
  @inline(__always)
  func place(_ row: Int) -> Int { row &* pitch &+ Self.reach }

  /// Smooths once; all pixels at once.
  ///
  /// - Parameters:
  ///   - pass: how far the neighbours are, and what parts them.
  ///   - shape: the believed shape, (height, width).
  ///   - nearest: a pixel closer to its point than half the neighbours' distance keeps its value.
  func smooth(
    _ pass: CompletionWeights.Anchoring.Pass, inertia: Float, shape: UnsafePointer<Float>,
    nearest: NearestPoints, executor: any ParallelExecutor
  ) {
    parallelChunks(executor, count: size.height, grain: 8) { start, end in
      for row in start..<end {
        if 4 * nearest.rowSquares.base[row] <= Float(pass.stride * pass.stride) {
          keep(row)
        } else {
          smooth(row, pass, inertia, shape + row &* size.width, nearest.squares.base + row &* size.width)
        }
      }
    }
    swap(&inverse, &nextInverse)
    swap(&ratio, &nextRatio)
  }

  private func keep(_ row: Int) {
    (nextInverse.base + place(row)).update(from: inverse.base + place(row), count: size.width)
    (nextRatio.base + place(row)).update(from: ratio.base + place(row), count: size.width)
  }

  private func smooth(
    _ row: Int, _ pass: CompletionWeights.Anchoring.Pass, _ inertia: Float, _ shape: UnsafePointer<Float>,
    _ squares: UnsafePointer<Float>
  ) {
    let stride = pass.stride
    let here = UnsafePointer(inverse.base + place(row))
    let ratioHere = UnsafePointer(ratio.base + place(row))
    let (above, ratioAbove) = neighbor(row &- stride)
    let (below, ratioBelow) = neighbor(row &+ stride)
    let sharpness = Float8(repeating: 1 / (pass.edge * pass.edge))
    let perSquare = Float8(repeating: 2 / Float(stride * stride))
    var column = 0
    while column < size.width {
      let (center, old) = (load8(here + column), load8(ratioHere + column))
      let sideways = Self.pair(
        center, load8(here + (column &- stride)), load8(ratioHere + (column &- stride)),
        load8(here + (column &+ stride)), load8(ratioHere + (column &+ stride)), sharpness)
      let upright = Self.pair(
        center, load8(above + column), load8(ratioAbove + column), load8(below + column),
        load8(ratioBelow + column), sharpness)
      let weight = sideways.weight + upright.weight + inertia
      let mean = (sideways.total + upright.total).addingProduct(old, Float8(repeating: inertia)) / weight
      var trust = load8(squares + column) * perSquare - 0.5
      trust.replace(with: 0, where: trust .< 0)
      trust.replace(with: 1, where: trust .> 1)
      let new = old.addingProduct(trust, mean - old)
      store(new, nextRatio.base + (place(row) &+ column))
      store(new * load8(shape + column), nextInverse.base + (place(row) &+ column))
      column &+= 8
    }
  }

  /// Sum of two neighbours' weights, and of their ratios times these; one division for both.
  @inline(__always)
  private static func pair(
    _ center: Float8, _ first: Float8, _ firstRatio: Float8, _ second: Float8, _ secondRatio: Float8,
    _ sharpness: Float8
  ) -> (weight: Float8, total: Float8) {
    let (firstStep, secondStep) = (first - center, second - center)
    let firstSpread = (center * first).addingProduct(firstStep * firstStep, sharpness)
    let secondSpread = (center * second).addingProduct(secondStep * secondStep, sharpness)
    let scale = Float8(repeating: 1) / (firstSpread * secondSpread)
    let firstShare = first * first * secondSpread
    let secondShare = second * second * firstSpread
    return (
      (firstShare + secondShare) * scale,
      (firstShare * firstRatio).addingProduct(secondShare, secondRatio) * scale
    )
  }

  /// Inverse depth and ratio of a row, which may lie beyond the border.
  @inline(__always)
  private func neighbor(_ row: Int) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
    guard row >= 0, row < size.height else {
      return (UnsafePointer(beyond.base + Self.reach), UnsafePointer(beyond.base + Self.reach))
    }
    return (UnsafePointer(inverse.base + place(row)), UnsafePointer(ratio.base + place(row)))
  }
}
