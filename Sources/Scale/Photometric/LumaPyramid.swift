import CSampling
package import ImageBuffers
package import Quantities

/// A grey image and its halves, from fine to coarse, single precision.
package struct LumaPyramid: ~Copyable {
  private let fine: Plane<Float>
  private let middle: Plane<Float>
  private let coarse: Plane<Float>

  /// - Parameter size: of the finest level.
  package init(size: ImageSize) {
    fine = Plane(width: size.width, height: size.height)
    middle = Plane(width: size.width / 2, height: size.height / 2)
    coarse = Plane(width: size.width / 4, height: size.height / 4)
  }

  /// Its levels for reading; valid while the pyramid lives.
  package var levels: LumaLevels {
    LumaLevels(fine: LumaImage(fine), middle: LumaImage(middle), coarse: LumaImage(coarse))
  }

  /// Fills all levels from the three colour planes of a network's input.
  ///
  /// - Parameters:
  ///   - planes: (3, height, width): red, green, blue.
  ///   - size: of the planes: the finest level's size times `step`.
  ///   - step: 1, or 2 to take means of 2x2 pixels.
  package mutating func fill(planes: UnsafePointer<Float>, size: ImageSize, step: Int) {
    let levels = levels
    for y in 0..<levels.fine.height {
      let row = levels.fine.start + y * levels.fine.stride
      let red = planes + y * step * size.width
      let green = red + size.pixelCount
      let blue = green + size.pixelCount
      if step == 1 {
        for x in 0..<levels.fine.width { row[x] = 0.25 * (red[x] + blue[x]) + 0.5 * green[x] }
      } else {
        for x in 0..<levels.fine.width {
          row[x] =
            0.0625 * Self.four(red, size.width, x) + 0.125 * Self.four(green, size.width, x)
            + 0.0625 * Self.four(blue, size.width, x)
        }
      }
    }
    Self.halve(levels.fine, into: levels.middle)
    Self.halve(levels.middle, into: levels.coarse)
  }

  /// Means of 2x2 pixels.
  private static func halve(_ source: LumaImage, into target: LumaImage) {
    for y in 0..<target.height {
      let upper = source.start + 2 * y * source.stride
      let row = target.start + y * target.stride
      for x in 0..<target.width { row[x] = 0.25 * four(upper, source.stride, x) }
    }
  }

  /// The sum of the 2x2 pixels of column `x` of the half image. The arithmetic does not check for overflow: with its
  /// branches a loop would go pixel by pixel.
  @inline(__always)
  private static func four(_ upper: UnsafePointer<Float>, _ stride: Int, _ x: Int) -> Float {
    let left = 2 &* x
    let right = left &+ 1
    let below = stride &+ left
    return upper[left] + upper[right] + upper[below] + upper[below &+ 1]
  }
}

/// The levels of a pyramid, borrowed.
package struct LumaLevels {
  package let fine: LumaImage
  /// Half the size of `fine`.
  package let middle: LumaImage
  /// A quarter of the size of `fine`.
  package let coarse: LumaImage
}

/// One level of a pyramid, borrowed.
package struct LumaImage {
  package let start: UnsafeMutablePointer<Float>
  package let stride: Int
  package let width: Int
  package let height: Int

  package init(_ plane: borrowing Plane<Float>) {
    start = plane.baseAddress
    stride = plane.rowStride
    width = plane.width
    height = plane.height
  }

  /// Whether a bilinear sample at the position lies inside, with `margin` pixels to spare.
  @inline(__always)
  func contains(_ position: SIMD2<Float>, margin: Float) -> Bool {
    position.x >= margin && position.y >= margin && position.x < Float(width - 1) - margin
      && position.y < Float(height - 1) - margin
  }

  /// Whether all 8x8 samples of a patch lie inside, and its middle with `margin` pixels to spare.
  /// - Parameter shape: from one column of the patch to the next, and from row to row; steep depth stretches it
  ///   beyond any margin.
  @inline(__always)
  func containsPatch(
    at middle: SIMD2<Float>, shape: (x: SIMD2<Float>, y: SIMD2<Float>), margin: Float
  ) -> Bool {
    let reachX = 3.5 * (abs(shape.x.x) + abs(shape.y.x))
    let reachY = 3.5 * (abs(shape.x.y) + abs(shape.y.y))
    return contains(middle, margin: max(margin, max(reachX, reachY) + 1))
  }

  /// Bilinear interpolation; the position must lie inside.
  @inline(__always)
  package func sample(_ position: SIMD2<Float>) -> Float {
    let x = Int(position.x)
    let y = Int(position.y)
    let u = position.x - Float(x)
    let v = position.y - Float(y)
    let upper = start + y * stride + x
    let lower = upper + stride
    let top = upper[0] + u * (upper[1] - upper[0])
    let bottom = lower[0] + u * (lower[1] - lower[0])
    return top + v * (bottom - top)
  }

  /// Eight pixels of a row.
  @inline(__always)
  static func eight(_ pixels: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(pixels).loadUnaligned(as: SIMD8<Float>.self)
  }

  /// Bilinear interpolation at eight positions in a row, `step` apart; all must lie inside.
  @inline(__always)
  package func sampleEight(from first: SIMD2<Float>, step: SIMD2<Float>) -> SIMD8<Float> {
    let columns = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7)
    return sample(first.x + columns * step.x, first.y + columns * step.y)
  }

  /// Bilinear interpolation at eight positions, to the bit that at single ones; all must lie inside, and the image must
  /// have fewer than 2^24 pixels.
  @inline(__always)
  package func sample(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
    cs_bilinear(start, stride, x, y)
  }
}
