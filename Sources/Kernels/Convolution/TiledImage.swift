// One channel block of an image as Winograd's input tiles see it.
internal import CKernels

/// Pixels, each standing for itself or for two by two, in tiles that begin every four pixels of the whole image.
struct TiledImage {
  /// (height, width, 8).
  let plane: UnsafePointer<Float>
  let height: Int
  let width: Int
  /// Each pixel stands for this many rows and columns: 1, or 2 with tiles that start on the pairs.
  let repetition: Int
  let border: BorderMode
  let padTop: Int
  let padLeft: Int
  let transform: ck_winograd_input

  /// Pixels that a tile reads in each direction.
  var side: Int { repetition == 1 ? 6 : 4 }
  /// Pixels from one tile to the next.
  private var step: Int { 4 / repetition }

  /// Where each row of a tile begins, `zeros` for those of a border of zeros.
  func pixelRows(
    row: Int, column: Int, zeros: UnsafePointer<Float>, _ rows: UnsafeMutablePointer<UnsafePointer<Float>?>
  ) {
    let x = column * step - padLeft
    for y in 0..<side {
      rows[y] = source(row * step - padTop + y, height).map { plane + ($0 * width + x) * 8 } ?? zeros
    }
  }

  /// Whether the rows of a row of tiles are all inside the image.
  func isInside(row: Int) -> Bool { row * step >= padTop && row * step - padTop + side <= height }

  /// Tiles of a row all of whose columns are inside the image.
  var columnsInside: Range<Int> {
    let low = (padLeft + step - 1) / step
    return low..<max(low, (width + padLeft - side) / step + 1)
  }

  /// Pixels of a row of so many tiles.
  func pixels(ofTiles count: Int) -> Int { count * step + side - step }

  /// The pixels of some neighbouring tiles, borders included: (side, pixels(ofTiles:), 8).
  func gather(row: Int, columns: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let first = columns.lowerBound * step - padLeft
    let count = pixels(ofTiles: columns.count)
    let inside = (0..<width).clamped(to: first..<first + count)
    for y in 0..<side {
      let line = target + y * count * 8
      guard let source = self.source(row * step - padTop + y, height) else {
        line.update(repeating: 0, count: count * 8)
        continue
      }
      let pixels = plane + source * width * 8
      (line + (inside.lowerBound - first) * 8).update(
        from: pixels + inside.lowerBound * 8, count: inside.count * 8)
      for x in first..<inside.lowerBound { fill(line + (x - first) * 8, from: pixels, at: x) }
      for x in inside.upperBound..<first + count { fill(line + (x - first) * 8, from: pixels, at: x) }
    }
  }

  @inline(__always)
  private func fill(_ target: UnsafeMutablePointer<Float>, from line: UnsafePointer<Float>, at column: Int) {
    guard let from = source(column, width) else { return store(Float8.zero, target) }
    store(load8(line + from * 8), target)
  }

  /// The pixel that an index stands for. Of a doubled image one past its ends is read, whose nearest row or column of
  /// the whole image is the first one past the border.
  @inline(__always)
  private func source(_ index: Int, _ length: Int) -> Int? {
    guard repetition == 2 else { return border.source(index, length) }
    let whole = index < 0 ? -1 : 2 * index
    return border.source(whole, 2 * length).map { $0 / 2 }
  }
}
