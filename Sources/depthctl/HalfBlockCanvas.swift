// Pictures in a terminal: the character "▀" shows two pixels, one in each of its colours.
import ImageBuffers
import Quantities
import WireFormat

struct HalfBlockCanvas {
  /// Pixels across and down; down is even.
  let width: Int
  let height: Int
  private var pixels: [SIMD3<UInt8>]
  private let hasTrueColor: Bool

  /// - Parameter hasTrueColor: whether the terminal shows 24-bit colours; else the 256-colour cube is used.
  init(width: Int, height: Int, hasTrueColor: Bool) {
    self.width = width
    self.height = height / 2 * 2
    self.hasTrueColor = hasTrueColor
    pixels = Array(repeating: SIMD3(0, 0, 0), count: width * self.height)
  }

  /// Paints depth, averaged in inverse depth over each canvas pixel's share.
  mutating func paint(_ depth: borrowing Plane<Float>, _ table: DepthColorTable, left: Int, width wide: Int) {
    for y in 0..<height {
      let rows = Self.share(y, of: height, in: depth.height)
      for x in 0..<wide {
        let columns = Self.share(x, of: wide, in: depth.width)
        var sum: Float = 0
        var count: Float = 0
        var beyond = 0
        for row in rows {
          let source = depth.baseAddress + row * depth.rowStride
          for column in columns where source[column] > 0 {
            if source[column] == .infinity {
              beyond += 1
            } else {
              (sum, count) = (sum + 1 / source[column], count + 1)
            }
          }
        }
        let mean: Float = count > 0 ? count / sum : (beyond > 0 ? .infinity : .nan)
        pixels[y * width + left + x] = table.color(of: mean)
      }
    }
  }

  /// Paints a colour image, averaged over each canvas pixel's share.
  mutating func paint(_ image: borrowing RGBImage, left: Int, width wide: Int) {
    for y in 0..<height {
      let rows = Self.share(y, of: height, in: image.size.height)
      for x in 0..<wide {
        let columns = Self.share(x, of: wide, in: image.size.width)
        var sum = SIMD3<UInt32>.zero
        for row in rows {
          let source = image.bytes.baseAddress + row * image.bytes.rowStride
          for column in columns {
            sum &+= SIMD3(
              UInt32(source[3 * column]), UInt32(source[3 * column + 1]), UInt32(source[3 * column + 2]))
          }
        }
        let mean = sum / SIMD3(repeating: UInt32(rows.count * columns.count))
        pixels[y * width + left + x] = SIMD3<UInt8>(truncatingIfNeeded: mean)
      }
    }
  }

  /// The source pixels that canvas pixel `index` stands for; at least one.
  private static func share(_ index: Int, of count: Int, in size: Int) -> Range<Int> {
    let first = index * size / count
    return first..<max(first + 1, (index + 1) * size / count)
  }

  /// One line of text per two pixel rows, colours reset at each line's end.
  var lines: [String] {
    (0..<(height / 2)).map { line in
      var text = ""
      var last: (SIMD3<UInt8>, SIMD3<UInt8>)?
      for x in 0..<width {
        let pair = (pixels[2 * line * width + x], pixels[(2 * line + 1) * width + x])
        if last.map({ $0 != pair }) ?? true {
          text += "\u{1B}[\(code(38, pair.0));\(code(48, pair.1))m"
          last = pair
        }
        text += "▀"
      }
      return text + "\u{1B}[0m"
    }
  }

  private func code(_ layer: Int, _ color: SIMD3<UInt8>) -> String {
    if hasTrueColor { return "\(layer);2;\(color.x);\(color.y);\(color.z)" }
    let cube = (Int(color.x) * 5 + 127) / 255 * 36 + (Int(color.y) * 5 + 127) / 255 * 6
    return "\(layer);5;\(16 + cube + (Int(color.z) * 5 + 127) / 255)"
  }
}
