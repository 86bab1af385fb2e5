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
    let (here, ratioHere) = (inverse.base + place(row), ratio.base + place(row))
    let (above, ratioAbove) = neighbor(row &- stride)
    let (below, ratioBelow) = neighbor(row &+ stride)
    let sharpness = Float8(repeating: 1 / (pass.edge * pass.edge))
    let perSquare = Float8(repeating: 2 / Float(stride * stride))
    var column = 0
    while column < size.width {
      let (center, old) = (load8(here + column), load8(ratioHere + column))
      var weight = Float8(repeating: inertia)
      var total = weight * old
      @inline(__always)
      func include(_ values: UnsafePointer<Float>, _ ratios: UnsafePointer<Float>, _ place: Int) {
        let value = load8(values + place)
        let step = value - center
        let share = value * value / (center * value).addingProduct(step * step, sharpness)
        weight += share
        total.addProduct(share, load8(ratios + place))
      }
      include(here, ratioHere, column &- stride)
      include(here, ratioHere, column &+ stride)
      include(above, ratioAbove, column)
      include(below, ratioBelow, column)
      let trust = (load8(squares + column) * perSquare - 0.5).clamped(
        lowerBound: Float8(repeating: 0), upperBound: Float8(repeating: 1))
      let new = old.addingProduct(trust, total / weight - old)
      store(new, nextRatio.base + place(row) + column)
      store(new * load8(shape + column), nextInverse.base + place(row) + column)
      column &+= 8
    }
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
