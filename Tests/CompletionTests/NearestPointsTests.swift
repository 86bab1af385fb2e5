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
    var largest = [Int](repeating: 0, count: Self.size.height)
    for pixel in 0..<Self.size.pixelCount {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
      var best = (Int.max, Int.max, Int.max)
      for other in pixels {
        let (down, right) = (other / width - row, other % width - column)
        best = min(best, (down * down + right * right, other % width, other / width))
      }
      largest[row] = max(largest[row], best.0)
      #expect(Int(nearest.places.base[pixel]) == best.2 * width + best.1)
      #expect(nearest.squares.base[pixel] == Float(best.0))
    }
    #expect(largest.indices.allSatisfy { nearest.rowSquares.base[$0] == Float(largest[$0]) })
  }
}
