import Kernels
import Quantities

/// How much of the predicted shape the points bear out: the slope of the regression of their ln(inverse depth) on the
/// predicted, between 0 and 1, over the distances that lie between points. Memory is planned at the beginning.
final class ShapeSlope {
  /// Cells within which points are compared, pixels.
  private static let cellSizes = [2, 4, 8, 16, 32]

  /// Sums over a cell's points, then means.
  private struct Cell: BitwiseCopyable {
    var count: Float = 0
    var said: Float = 0
    var predicted: Float = 0
  }

  private let size: ImageSize
  private let cells: Scratch<Cell>

  init(size: ImageSize) {
    self.size = size
    cells = Scratch(count: size.pixelCount / 4)
  }

  /// - Parameters:
  ///   - pixels: of the points, row by row.
  ///   - said: ln of their inverse depths.
  ///   - predicted: ln of the predicted inverse depth, (height, width).
  ///   - squares: squared distance of each pixel to its nearest point.
  ///   - noise: variance of `predicted` within a cell that is as good as none.
  /// - Returns: 1 where no cell holds two points: then only the scale can be wrong.
  func run(
    pixels: UnsafePointer<Int32>, said: UnsafePointer<Float>, count: Int, predicted: UnsafePointer<Float>,
    squares: UnsafePointer<Float>, noise: Float
  ) -> Float {
    let side = cellSize(squares)
    let columns = size.width / side
    let cells = cells.base
    cells.update(repeating: Cell(), count: size.pixelCount / (side * side))
    for index in 0..<count {
      let (cell, pixel) = (cell(pixels[index], side, columns), Int(pixels[index]))
      cells[cell].count += 1
      cells[cell].said += said[index]
      cells[cell].predicted += predicted[pixel]
    }
    var occupied = 0
    for cell in 0..<size.pixelCount / (side * side) where cells[cell].count > 0 {
      cells[cell].said /= cells[cell].count
      cells[cell].predicted /= cells[cell].count
      occupied += 1
    }
    guard occupied < count else { return 1 }
    var (product, square) = (0.0, 0.0)
    for index in 0..<count {
      let mean = cells[cell(pixels[index], side, columns)]
      let step = Double(predicted[Int(pixels[index])] - mean.predicted)
      product += step * Double(said[index] - mean.said)
      square += step * step
    }
    return Float(min(1, max(0, product / (square + Double(noise) * Double(count - occupied)))))
  }

  @inline(__always)
  private func cell(_ pixel: Int32, _ side: Int, _ columns: Int) -> Int {
    let (row, column) = Int(pixel).quotientAndRemainder(dividingBy: size.width)
    return row / side &* columns &+ column / side
  }

  /// The smallest that reaches, for half of the pixels, from them to their nearest point and as far beyond.
  private func cellSize(_ squares: UnsafePointer<Float>) -> Int {
    for side in Self.cellSizes {
      let limit = Float(side * side) / 4
      var within = SIMD8<Int32>.zero
      var pixel = 0
      while pixel < size.pixelCount {
        within.replace(with: within &+ 1, where: load8(squares + pixel) .<= limit)
        pixel &+= 8
      }
      if 2 * Int(within.wrappedSum()) >= size.pixelCount { return side }
    }
    return 32
  }
}
