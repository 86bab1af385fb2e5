// Two-tap resize of plain planes: each source row is resized along its length once, then rows are mixed.
package import Quantities

/// What a plain resize keeps: its taps and two rows per part.
package final class PlainResize {
  private static let mostParts = 16
  private let rows, columns: ResizeTable
  private let inputHeight, inputWidth: Int
  /// (part, 2, output width).
  private let buffer: UnsafeMutablePointer<Float>

  package init(inputHeight: Int, inputWidth: Int, rows: ResizeAxis, columns: ResizeAxis) {
    self.rows = ResizeTable(rows)
    self.columns = ResizeTable(columns)
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    buffer = .allocate(capacity: Self.mostParts * 2 * columns.lower.count)
  }

  deinit { buffer.deallocate() }

  /// Resizes `planes` images of (inputHeight, inputWidth). The naive twin is `referenceResize`.
  package func callAsFunction(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, planes: Int,
    executor: any ParallelExecutor
  ) {
    let lines = planes * rows.count
    let parts = max(1, min(Self.mostParts, executor.width, lines * columns.count / 8192))
    executor.run(parts: parts) { part in
      let upper = buffer + part * 2 * columns.count
      var taps = (upper, upper + columns.count)
      // Which source line each of the two rows holds.
      var held = (-1, -1)
      for line in (lines * part / parts)..<(lines * (part + 1) / parts) {
        let y = line % rows.count
        let first = line / rows.count * inputHeight
        let top = first + Int(rows.lower[y])
        let bottom = first + Int(rows.upper[y])
        if held.0 != top && held.1 == top {
          swap(&taps.0, &taps.1)
          held = (held.1, held.0)
        }
        if held.0 != top {
          stretch(input + top * inputWidth, into: taps.0)
          held.0 = top
        }
        let weight = rows.weight[y]
        if weight != 0 && held.1 != bottom {
          stretch(input + bottom * inputWidth, into: taps.1)
          held.1 = bottom
        }
        mix(taps.0, taps.1, weight, into: output + line * columns.count)
      }
    }
  }

  /// One row, resized along its length. Taps of weight zero are not read, so that a copy keeps infinities as they are.
  private func stretch(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    for x in 0..<columns.count {
      let (a, weight) = (source[Int(columns.lower[x])], columns.weight[x])
      target[x] = weight == 0 ? a : a + (source[Int(columns.upper[x])] - a) * weight
    }
  }

  private func mix(
    _ top: UnsafeMutablePointer<Float>, _ bottom: UnsafeMutablePointer<Float>, _ weight: Float,
    into target: UnsafeMutablePointer<Float>
  ) {
    if weight == 0 { return target.update(from: top, count: columns.count) }
    let factor = Float8(repeating: weight)
    var x = 0
    while x &+ 8 <= columns.count {
      let a = load8(top + x)
      store(a.addingProduct(load8(bottom + x) - a, factor), target + x)
      x &+= 8
    }
    while x < columns.count {
      target[x] = top[x] + (bottom[x] - top[x]) * weight
      x &+= 1
    }
  }
}
