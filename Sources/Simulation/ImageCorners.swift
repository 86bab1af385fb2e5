package import ImageBuffers
import Quantities

/// Corners of an image, spread over it.
package enum ImageCorners {
  /// Weaker corners are noise, in the units of `strength`.
  private static let weakest: Float = 400

  /// At most `count` corners: the image is divided into that many parts, and each gives its sharpest.
  ///
  /// - Source: Shi and Tomasi, "Good Features to Track", CVPR 1994: the smaller eigenvalue of the structure tensor.
  package static func find(in image: borrowing RGBImage, atMost count: Int) -> [(x: Int, y: Int)] {
    let (width, height) = (image.size.width, image.size.height)
    guard count > 0, width > 8, height > 8 else { return [] }
    let grey = grey(image)
    let side = (Double(width * height) / Double(count)).squareRoot()
    // Parts of three pixels at least, within the border that gradients need.
    let (innerWidth, innerHeight) = (width - 4, height - 4)
    let columns = max(1, min(count, innerWidth / 3, Int(Double(width) / side)))
    let rows = max(1, min(count / columns, innerHeight / 3))
    var corners: [(x: Int, y: Int)] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let xs = 2 + column * innerWidth / columns..<2 + (column + 1) * innerWidth / columns
        let ys = 2 + row * innerHeight / rows..<2 + (row + 1) * innerHeight / rows
        var best: (strength: Float, x: Int, y: Int) = (weakest, -1, -1)
        for y in ys {
          for x in xs {
            let strength = strength(grey, width, x, y)
            if strength > best.strength { best = (strength, x, y) }
          }
        }
        if best.x >= 0 { corners.append((best.x, best.y)) }
      }
    }
    return corners
  }

  private static func grey(_ image: borrowing RGBImage) -> [Float] {
    var grey: [Float] = []
    grey.reserveCapacity(image.size.pixelCount)
    for y in 0..<image.size.height {
      let row = image.bytes.row(y)
      for x in 0..<image.size.width {
        let sum = Int(row[3 * x]) + 2 * Int(row[3 * x + 1]) + Int(row[3 * x + 2])
        grey.append(Float(sum) / 4)
      }
    }
    return grey
  }

  /// The smaller eigenvalue of the gradients' sum of squares over 3x3 pixels.
  private static func strength(_ grey: [Float], _ width: Int, _ x: Int, _ y: Int) -> Float {
    var (xx, xy, yy) = (Float(0), Float(0), Float(0))
    for v in y - 1...y + 1 {
      for u in x - 1...x + 1 {
        let place = v * width + u
        let dx = (grey[place + 1] - grey[place - 1]) / 2
        let dy = (grey[place + width] - grey[place - width]) / 2
        xx += dx * dx
        xy += dx * dy
        yy += dy * dy
      }
    }
    let half = (xx + yy) / 2
    return half - (half * half - (xx * yy - xy * xy)).squareRoot()
  }
}
