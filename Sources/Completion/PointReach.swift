import Glibc
import Kernels
import Quantities

/// How much of the prediction's sigma is left where range points hold the depth:
///
///     share = 1 - (1 - least) exp(-way / reach)
///
/// The way leads over the completed map from the nearest point, in pixels, and a step in ln(depth) lengthens it: what
/// a point says of its surface it does not say of the next. Near a point little is left, far from all of them
/// everything. Constants by likelihood on recordings (`depthtrain.point_reach`); docs/bundle.md has the rule.
/// Memory is planned at the beginning.
final class PointReach {
  /// Side of a cell, pixels: as many as thinning leaves one point in.
  static let cellPixels = 4
  /// Pixels of way for a step of one in ln(depth).
  private static let stepPixels: Float = 150
  /// Pixels of way over which all but 1/e of a point's word is lost.
  private static let reachPixels: Float = 50
  /// Share at a point itself: its own noise, and what else its cell holds.
  private static let leastShare: Float = 0.12
  /// Each round finds ways that turn once more.
  private static let rounds = 2

  /// Cells row by row.
  let shares: Scratch<Float>
  private let columns: Int
  private let rows: Int
  /// Floats from one row to the next of grids with a margin of one cell, which no way crosses.
  private let pitch: Int
  private let logDepth: Scratch<Float>
  private let way: Scratch<Float>

  init(size: ImageSize) {
    columns = size.width / Self.cellPixels
    rows = size.height / Self.cellPixels
    pitch = columns + 2
    shares = Scratch(count: columns * rows)
    logDepth = Scratch(count: pitch * (rows + 2))
    way = Scratch(count: pitch * (rows + 2))
  }

  /// Fills `shares`.
  ///
  /// - Parameters:
  ///   - disparity: (height, width), completed.
  ///   - farthest: 1 / depth at disparity 0, and `span` the step from there to disparity 1.
  ///   - pixels: of the points that completed it, row by row.
  func run(
    _ disparity: UnsafePointer<Float>, farthest: Float, span: Float, pixels: UnsafePointer<Int32>, count: Int
  ) {
    average(disparity, farthest, span)
    way.base.update(repeating: .infinity, count: way.count)
    let width = columns * Self.cellPixels
    for index in 0..<count {
      let (row, column) = Int(pixels[index]).quotientAndRemainder(dividingBy: width)
      way.base[place(row / Self.cellPixels, column / Self.cellPixels)] = 0
    }
    for _ in 0..<Self.rounds {
      for row in 0..<rows { walk(row, from: -pitch, step: 1) }
      for row in (0..<rows).reversed() { walk(row, from: pitch, step: -1) }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        shares.base[row &* columns &+ column] =
          1 - (1 - Self.leastShare) * expf(-way.base[place(row, column)] / Self.reachPixels)
      }
    }
  }

  @inline(__always)
  private func place(_ row: Int, _ column: Int) -> Int { (row &+ 1) &* pitch &+ column &+ 1 }

  /// ln of each cell's depth, by its mean inverse depth.
  private func average(_ disparity: UnsafePointer<Float>, _ farthest: Float, _ span: Float) {
    let (side, width) = (Self.cellPixels, columns * Self.cellPixels)
    for row in 0..<rows {
      for column in 0..<columns {
        var sums = SIMD4<Float>.zero
        let corner = disparity + (row &* side &* width &+ column &* side)
        for line in 0..<side {
          sums += UnsafeRawPointer(corner + line &* width).loadUnaligned(as: SIMD4<Float>.self)
        }
        logDepth.base[place(row, column)] = -logf(farthest + span * sums.sum() * 0.0625)
      }
    }
  }

  /// Shortens one row's ways by its neighbour row and then along itself.
  ///
  /// - Parameters:
  ///   - from: to a cell's place in the neighbour row.
  ///   - step: 1 to the right, -1 to the left.
  private func walk(_ row: Int, from neighbor: Int, step: Int) {
    let first = place(row, step > 0 ? 0 : columns &- 1)
    let straight = Float(Self.cellPixels)
    let slanted = straight * Float(2).squareRoot()
    for cell in place(row, 0)..<place(row, columns) {
      shorten(cell, by: cell &+ neighbor, straight)
      shorten(cell, by: cell &+ neighbor &- 1, slanted)
      shorten(cell, by: cell &+ neighbor &+ 1, slanted)
    }
    for index in 0..<columns {
      let cell = first &+ index &* step
      shorten(cell, by: cell &- step, straight)
    }
  }

  /// A depth that is no number leads nowhere: the comparison is false.
  @inline(__always)
  private func shorten(_ cell: Int, by neighbor: Int, _ pixels: Float) {
    let step = abs(logDepth.base[cell] - logDepth.base[neighbor])
    let found = way.base[neighbor] + (pixels + Self.stepPixels * step)
    way.base[cell] = found < way.base[cell] ? found : way.base[cell]
  }
}
