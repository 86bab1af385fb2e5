import Quantities

/// A depth map thinned to at least 120 columns where it has them, and the holes found in it.
struct HoleGrid: ~Copyable {
  /// A cell this many times as far as the ground is behind it; a hole's cells are so deep on average.
  private static let behindRatio: Float = 1.8
  private static let deepRatio: Float = 2.5
  /// What lies around a hole is at most so many times as far as the ground.
  private static let borderRatio: Float = 1.35
  /// Cells of blur between a hole and what surrounds it.
  private static let borderCells = 3
  /// Ground is judged as far as so many camera heights: beyond, a small pitch looks like a slope.
  private static let farthestHeights = 15.0
  /// Share of the border to each side that must be near.
  private static let borderShare = 0.6
  /// Share of the map that is the smallest hole.
  private static let smallestShare = 0.001

  let columns: Int
  let rows: Int
  private let step: Int
  private let size: ImageSize
  private var depths: [Float]
  /// Depth over the ground's depth along the same ray; 0 where there is no ground to compare with.
  private var ratios: [Float]
  /// Whether the ray points below the horizon.
  private var isBelowHorizon: [Bool]
  /// 0 untouched, 1 in the present component, 2 looked at and no hole, 3 and 4 a hole with its reason.
  private var marks: [UInt8]
  private var stack: [Int32]
  private(set) var holeShare = 0.0

  init(size: ImageSize) {
    self.size = size
    step = max(1, size.width / 120)
    columns = size.width / step
    rows = size.height / step
    depths = [Float](repeating: .nan, count: columns * rows)
    ratios = [Float](repeating: 0, count: columns * rows)
    isBelowHorizon = [Bool](repeating: false, count: columns * rows)
    marks = [UInt8](repeating: 0, count: columns * rows)
    stack = [Int32](repeating: 0, count: columns * rows)
  }

  var count: Int { columns * rows }

  func depth(_ column: Int, _ row: Int) -> Float { depths[row * columns + column] }

  /// The pixel that stands for a cell.
  func pixel(_ column: Int, _ row: Int) -> (x: Int, y: Int) {
    (min(size.width - 1, column * step + step / 2), min(size.height - 1, row * step + step / 2))
  }

  /// Why a pixel lies in a hole; nil when it does not. Holes are one cell wider than what was found.
  func reason(x: Int, y: Int) -> HoleFinder.Reason? {
    let column = min(columns - 1, x / step)
    let row = min(rows - 1, y / step)
    for v in max(0, row - 1)...min(rows - 1, row + 1) {
      for u in max(0, column - 1)...min(columns - 1, column + 1) {
        let mark = marks[v * columns + u]
        if mark > 2 { return HoleFinder.Reason(rawValue: mark - 2) }
      }
    }
    return nil
  }

  mutating func read(_ depth: UnsafePointer<Float>) {
    for row in 0..<rows {
      for column in 0..<columns {
        let pixel = pixel(column, row)
        depths[row * columns + column] = depth[pixel.y * size.width + pixel.x]
      }
    }
  }

  mutating func compare(with ground: FlatSurface, intrinsics: CameraIntrinsics) {
    for row in 0..<rows {
      for column in 0..<columns {
        let index = row * columns + column
        let pixel = pixel(column, row)
        let ray = intrinsics.unproject(u: Double(pixel.x), v: Double(pixel.y))
        let slope = ground.normal.x * ray.x + ground.normal.y * ray.y + ground.normal.z
        isBelowHorizon[index] = slope > 0
        marks[index] = 0
        ratios[index] = 0
        let isNear = slope * Self.farthestHeights > 1 && ground.distanceMeters > 0
        if isNear, depths[index] > 0 { ratios[index] = depths[index] * Float(slope / ground.distanceMeters) }
      }
    }
  }

  /// Marks all holes; returns their number.
  mutating func findHoles(farthest: Float, hasGround: Bool) -> Int {
    var holes = 0
    var cells = 0
    let limit = 0.95 * farthest
    for index in 0..<count where marks[index] == 0 {
      if hasGround, ratios[index] > Self.behindRatio {
        let found = gather(from: index) { $0.ratios[$1] > Self.behindRatio }
        if isHole(found) {
          holes += 1
          cells += mark(found, as: .belowGround)
        } else {
          _ = mark(found, as: nil)
        }
      } else if !hasGround, depths[index] >= limit {
        let found = gather(from: index) { $0.depths[$1] >= limit }
        if isEnclosed(found, limit: 0.5 * farthest) {
          holes += 1
          cells += mark(found, as: .enclosed)
        } else {
          _ = mark(found, as: nil)
        }
      }
    }
    holeShare = Double(cells) / Double(count)
    return holes
  }

  /// Cells of the component in `stack`.
  private typealias Component = Int

  /// Collects the cells connected with one that belong together, by their indices in `stack`.
  private mutating func gather(
    from start: Int, _ belongs: (borrowing HoleGrid, Int) -> Bool
  ) -> Component {
    stack[0] = Int32(start)
    marks[start] = 1
    var found = 1
    var next = 0
    while next < found {
      let index = Int(stack[next])
      next += 1
      let column = index % columns
      let row = index / columns
      for side in 0..<4 {
        // Left, right, above, below.
        let u = column + (side == 0 ? -1 : side == 1 ? 1 : 0)
        let v = row + (side == 2 ? -1 : side == 3 ? 1 : 0)
        guard u >= 0, u < columns, v >= 0, v < rows else { continue }
        let neighbour = v * columns + u
        guard marks[neighbour] == 0, belongs(self, neighbour) else { continue }
        marks[neighbour] = 1
        stack[found] = Int32(neighbour)
        found += 1
      }
    }
    return found
  }

  private mutating func mark(_ component: Component, as reason: HoleFinder.Reason?) -> Int {
    for place in 0..<component { marks[Int(stack[place])] = reason.map { $0.rawValue + 2 } ?? 2 }
    return component
  }

  private func isLargeEnough(_ component: Component) -> Bool {
    Double(component) >= max(4, Self.smallestShare * Double(count))
  }

  /// Deep in its middle, and bordered by ground or nearer things to the left, to the right and below.
  private func isHole(_ component: Component) -> Bool {
    guard isLargeEnough(component) else { return false }
    var deep = 0
    for place in 0..<component where ratios[Int(stack[place])] > Self.deepRatio { deep += 1 }
    guard 2 * deep >= component else { return false }
    return isBordered(component, towards: -1, 0) { $0.isNearGround($1) }
      && isBordered(component, towards: 1, 0) { $0.isNearGround($1) }
      && isBordered(component, towards: 0, 1) { $0.isNearGround($1) }
  }

  private func isNearGround(_ index: Int) -> Bool {
    // No ratio: above the ground that is judged, or unknown; neither bounds a hole.
    ratios[index] > 0 && ratios[index] < Self.borderRatio
  }

  /// Near on all four sides, and mostly below the horizon.
  private func isEnclosed(_ component: Component, limit: Float) -> Bool {
    guard isLargeEnough(component) else { return false }
    var below = 0
    for place in 0..<component where isBelowHorizon[Int(stack[place])] { below += 1 }
    guard 2 * below >= component else { return false }
    return isBordered(component, towards: -1, 0) { $0.depths[$1] < limit }
      && isBordered(component, towards: 1, 0) { $0.depths[$1] < limit }
      && isBordered(component, towards: 0, 1) { $0.depths[$1] < limit }
      && isBordered(component, towards: 0, -1) { $0.depths[$1] < limit }
  }

  /// Whether what lies beyond the border to one side is mostly near. The lower edge of the image says nothing; its
  /// other edges are no border.
  private func isBordered(
    _ component: Component, towards x: Int, _ y: Int, _ isNear: (borrowing HoleGrid, Int) -> Bool
  ) -> Bool {
    var near = 0
    var all = 0
    for place in 0..<component {
      let column = Int(stack[place]) % columns
      let row = Int(stack[place]) / columns
      guard row + y < rows else { continue }
      let isInside =
        column + x >= 0 && column + x < columns && row + y >= 0
      if isInside, marks[(row + y) * columns + column + x] == 1 { continue }
      all += 1
      guard isInside else { continue }
      let u = min(columns - 1, max(0, column + x * Self.borderCells))
      let v = min(rows - 1, max(0, row + y * Self.borderCells))
      if isNear(self, v * columns + u) { near += 1 }
    }
    return all == 0 ? y == 1 : Double(near) >= Self.borderShare * Double(all)
  }
}
