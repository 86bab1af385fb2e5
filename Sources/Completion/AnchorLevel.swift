import Glibc
import Kernels

/// One grid of the anchoring pyramid: what is known of the error of ln(depth) in each cell, and how freely it spreads
/// from a cell to its neighbours.
///
/// Values lie row by row with a margin of one cell on every side, across which nothing spreads.
final class AnchorLevel {
  let width: Int
  let height: Int
  /// Floats from one row to the next, margins included.
  let pitch: Int
  /// Sum of the points' errors, and how many points.
  let total: Scratch<Float>
  let count: Scratch<Float>
  /// ln of the predicted depth.
  let logDepth: Scratch<Float>
  private(set) var error: Scratch<Float>
  private var next: Scratch<Float>
  /// Error where a point says it, else 0.
  private let known: Scratch<Float>
  /// One over the weights of a free cell's neighbours and its own; 0 where the error is known.
  private let share: Scratch<Float>
  /// Conductance to the cell on the left, and to the one above.
  private let across: Scratch<Float>
  private let down: Scratch<Float>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pitch = width + 2
    let floats = pitch * (height + 2)
    total = Scratch(count: floats)
    count = Scratch(count: floats)
    logDepth = Scratch(count: floats)
    error = Scratch(count: floats)
    next = Scratch(count: floats)
    known = Scratch(count: floats)
    share = Scratch(count: floats)
    across = Scratch(count: floats)
    down = Scratch(count: floats)
  }

  /// Index of a cell.
  @inline(__always)
  func place(_ row: Int, _ column: Int) -> Int { (row &+ 1) &* pitch &+ column &+ 1 }

  func clearPoints() {
    total.base.update(repeating: 0, count: total.count)
    count.base.update(repeating: 0, count: count.count)
  }

  /// Sums (ln depth: means) of 2x2 cells of a grid twice as fine.
  func gather(_ finer: AnchorLevel) {
    for row in 0..<height {
      for column in 0..<width {
        let (cell, source) = (place(row, column), finer.place(2 &* row, 2 &* column))
        total.base[cell] = Self.sum(finer.total.base + source, finer.pitch)
        count.base[cell] = Self.sum(finer.count.base + source, finer.pitch)
        logDepth.base[cell] = 0.25 * Self.sum(finer.logDepth.base + source, finer.pitch)
      }
    }
  }

  /// Sums over all cells: the points' errors, and the points.
  var sums: (total: Float, count: Float) {
    var sums: (total: Float, count: Float) = (0, 0)
    for row in 0..<height {
      for cell in place(row, 0)..<place(row, width) {
        sums.total += total.base[cell]
        sums.count += count.base[cell]
      }
    }
    return sums
  }

  /// Starts from one error for all cells.
  func begin(with value: Float) {
    for row in 0..<height { (error.base + place(row, 0)).update(repeating: value, count: width) }
  }

  /// Starts from the error on a grid half as fine: bilinear, half-pixel centres.
  func begin(with coarser: AnchorLevel) {
    for row in 0..<height {
      let near = coarser.error.base + coarser.place(row / 2, 0)
      let far = coarser.error.base + coarser.place(Self.neighbor(of: row, limit: coarser.height), 0)
      let target = error.base + place(row, 0)
      for column in 0..<width {
        let other = Self.neighbor(of: column, limit: coarser.width)
        target[column] =
          0.75 * (0.75 * near[column / 2] + 0.25 * near[other])
          + 0.25 * (0.75 * far[column / 2] + 0.25 * far[other])
      }
    }
  }

  /// The second cell, on the grid half as fine, between whose centre and its own cell's an index lies.
  @inline(__always)
  static func neighbor(of index: Int, limit: Int) -> Int {
    index & 1 == 0 ? max(0, index / 2 &- 1) : min(limit &- 1, index / 2 &+ 1)
  }

  /// Jacobi's method: cells with points keep what these say, others take the mean of their neighbours by conductance.
  func settle(_ anchoring: CompletionWeights.Anchoring) {
    measureConductances(edge: anchoring.edge)
    fixKnown(inertia: anchoring.inertia)
    for _ in 0..<anchoring.sweeps { sweep(inertia: anchoring.inertia) }
  }

  private func measureConductances(edge: Float) {
    let sharpness = 1 / (edge * edge)
    for row in 0..<height {
      for column in 0..<width {
        let cell = place(row, column)
        let here = logDepth.base[cell]
        let left = here - logDepth.base[cell &- 1]
        let above = here - logDepth.base[cell &- pitch]
        across.base[cell] = column == 0 ? 0 : 1 / (1 + left * left * sharpness)
        down.base[cell] = row == 0 ? 0 : 1 / (1 + above * above * sharpness)
      }
    }
  }

  private func fixKnown(inertia: Float) {
    for row in 0..<height {
      for cell in place(row, 0)..<place(row, width) {
        let points = count.base[cell]
        let value = total.base[cell] / max(1, points)
        let weight =
          across.base[cell] + across.base[cell &+ 1] + down.base[cell] + down.base[cell &+ pitch] + inertia
        known.base[cell] = points > 0 ? value : 0
        share.base[cell] = points > 0 ? 0 : 1 / weight
        error.base[cell] = points > 0 ? value : error.base[cell]
      }
    }
  }

  private func sweep(inertia: Float) {
    let (error, next) = (error.base, next.base)
    let (across, down, known, share) = (across.base, down.base, known.base, share.base)
    for row in 0..<height {
      let start = place(row, 0)
      for cell in start..<start &+ width {
        let sideways = across[cell] * error[cell &- 1] + across[cell &+ 1] * error[cell &+ 1]
        let upright = down[cell] * error[cell &- pitch] + down[cell &+ pitch] * error[cell &+ pitch]
        next[cell] = known[cell] + (sideways + upright + inertia * error[cell]) * share[cell]
      }
    }
    swap(&self.error, &self.next)
  }

  /// Sum of a 2x2 block that begins at an address.
  @inline(__always)
  private static func sum(_ base: UnsafePointer<Float>, _ pitch: Int) -> Float {
    base[0] + base[1] + (base[pitch] + base[pitch &+ 1])
  }
}
