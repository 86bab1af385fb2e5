// How much of sigma points leave around them, against shortest ways found one cell at a time.
import Completion
import Glibc
import Quantities
import TestSupport
import Testing

@Suite struct PointReachTests {
  private static let size = ImageSize(width: 96, height: 64)
  private static let near = 1 / CompletionFixture.minimumDepth
  private static let far = 1 / CompletionFixture.maximumDepth
  private static let columns = size.width / 4
  private static let rows = size.height / 4

  /// Shares of a flat scene or one that steps from 4 m to 12 m at a column, and the depth that came of it.
  private func run(
    _ pixels: [Int], depth: (_ row: Int, _ column: Int) -> Float
  ) throws -> (shares: [Float], disparity: [Float]) {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    var points = SparseDepth(size: Self.size)
    var disparity: [Float] = []
    for row in 0..<Self.size.height {
      for column in 0..<Self.size.width {
        disparity.append((1 / depth(row, column) - Self.far) / (Self.near - Self.far))
      }
    }
    for pixel in pixels {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: Self.size.width)
      points.insert(row: row, column: column, depth: depth(row, column))
    }
    network.run(points, unitsPerMeter: 1)
    disparity.withUnsafeMutableBufferPointer { network.anchor($0) }
    return (
      Array(UnsafeBufferPointer(start: network.sigmaShares, count: Self.columns * Self.rows)), disparity
    )
  }

  /// The rule of docs/bundle.md by Dijkstra's algorithm over cells of 4x4 pixels and their eight neighbours.
  private func exactShares(_ pixels: [Int], _ disparity: [Float]) -> [Float] {
    let logDepth = (0..<Self.rows * Self.columns).map { cell -> Float in
      var sum: Float = 0
      for pixel in 0..<16 {
        let row = cell / Self.columns * 4 + pixel / 4
        let column = cell % Self.columns * 4 + pixel % 4
        sum += Self.far + (Self.near - Self.far) * disparity[row * Self.size.width + column]
      }
      return -logf(sum / 16)
    }
    var way = [Float](repeating: .infinity, count: logDepth.count)
    for pixel in pixels { way[pixel / Self.size.width / 4 * Self.columns + pixel % Self.size.width / 4] = 0 }
    var open = Set(way.indices)
    while let cell = open.min(by: { way[$0] < way[$1] }) {
      open.remove(cell)
      let (row, column) = cell.quotientAndRemainder(dividingBy: Self.columns)
      for (down, right) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)] {
        guard (0..<Self.rows).contains(row + down), (0..<Self.columns).contains(column + right) else {
          continue
        }
        let next = cell + down * Self.columns + right
        let pixels = 4 * Float(down * down + right * right).squareRoot()
        way[next] = min(way[next], way[cell] + pixels + 150 * abs(logDepth[cell] - logDepth[next]))
      }
    }
    return way.map { 1 - 0.88 * expf(-$0 / 50) }
  }

  private func scene(_ row: Int, _ column: Int) -> Float {
    6 + 2 * sinf(Float(column) / 15) + cosf(Float(row) / 10) + (column > 60 && row > 20 ? 5 : 0)
  }

  @Test(arguments: [1, 5, 60, 400])
  func `shares are those of the shortest ways`(count: Int) throws {
    var random = SeededGenerator(seed: UInt64(count))
    let pixels = Array((0..<Self.size.pixelCount).shuffled(using: &random).prefix(count))
    let (shares, disparity) = try run(pixels, depth: scene)
    let exact = exactShares(pixels, disparity)
    let differences = zip(shares, exact).map { $0 - $1 }
    // Ways that turn more often than the rounds allow are found a little too long: never a point's word too far.
    #expect((differences.min() ?? 1) > -1e-4)
    #expect((differences.max() ?? 1) < 0.03, "\(differences.max() ?? 1)")
  }

  @Test func `sigma falls at points, grows away from them and is the prediction's far from all`() throws {
    let row = 32 * Self.size.width
    let (shares, _) = try run([row + 2], depth: { _, _ in 5 })
    let line = Array(shares[8 * Self.columns..<9 * Self.columns])
    #expect(abs(line[0] - 0.12) < 1e-6)
    #expect(line == line.sorted() && line[1] > line[0])
    #expect(abs(line[10] - (1 - 0.88 * expf(-40 / 50))) < 1e-3)
    #expect(line[Self.columns - 1] > 0.85 && shares.allSatisfy { $0 >= 0.12 && $0 <= 1 })
  }

  @Test func `a point says little of what lies behind an edge`() throws {
    func depth(_ row: Int, _ column: Int) -> Float { column < 48 ? 4 : 12 }
    let near = 32 * Self.size.width + 44
    let beside = try run([near], depth: { _, _ in 4 }).shares[8 * Self.columns + 12]
    // A second point beyond keeps the depth there where it is.
    let (shares, _) = try run([near, 8 * Self.size.width + 90], depth: depth)
    #expect(beside < 0.25 && shares[8 * Self.columns + 12] > 0.6)
    #expect(shares[8 * Self.columns + 10] < 0.25)
  }
}
