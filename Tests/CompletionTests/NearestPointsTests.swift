// The nearest point of each pixel, against looking at all of them.
import Completion
import Kernels
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct NearestPointsTests {
  private static let size = ImageSize(width: 96, height: 64)

  @Test(arguments: [1, 2, 3, 40, 700, 3000, 96 * 64], [1, 3])
  func `each pixel finds the nearest point, of equals the leftmost, of these the upper`(
    count: Int, threads: Int
  ) {
    var random = SeededGenerator(seed: UInt64(count))
    let pixels = Array((0..<Self.size.pixelCount).shuffled(using: &random).prefix(count))
    check(pixels, threads)
  }

  @Test func `equals in rows and columns are settled`() {
    let (width, height) = (Self.size.width, Self.size.height)
    check((0..<height).map { $0 * width + 40 }, 2)
    check((0..<width).map { 30 * width + $0 }, 2)
    check(
      stride(from: 0, to: height, by: 4).flatMap { row in
        stride(from: 0, to: width, by: 4).map { row * width + $0 }
      }, 2)
  }

  private func check(_ pixels: [Int], _ threads: Int) {
    let nearest = NearestPoints(size: Self.size, executor: WorkerTeam(width: threads))
    for _ in 0..<2 { nearest.run(pixels: pixels.map { Int32($0) }, count: pixels.count) }
    let width = Self.size.width
    var (places, squares) = (true, true)
    var largest = [Int](repeating: 0, count: Self.size.height)
    for pixel in 0..<Self.size.pixelCount {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
      // Distance, column and row in one number: the least is the answer.
      var best = Int.max
      for other in pixels {
        let (otherRow, otherColumn) = other.quotientAndRemainder(dividingBy: width)
        let down: Int = otherRow - row
        let right: Int = otherColumn - column
        let square: Int = down * down + right * right
        best = min(best, square << 20 | otherColumn << 10 | otherRow)
      }
      let (square, nearestColumn, nearestRow) = (best >> 20, best >> 10 & 1023, best & 1023)
      largest[row] = max(largest[row], square)
      places = places && Int(nearest.places.base[pixel]) == nearestRow * width + nearestColumn
      squares = squares && nearest.squares.base[pixel] == Float(square)
    }
    #expect(places && squares)
    #expect(largest.indices.allSatisfy { nearest.rowSquares.base[$0] == Float(largest[$0]) })
  }
}
