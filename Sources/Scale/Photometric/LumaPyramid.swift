import ImageBuffers
import Quantities

/// A grey image and its halves, from fine to coarse, single precision.
struct LumaPyramid: ~Copyable {
  private let fine: Plane<Float>
  private let middle: Plane<Float>
  private let coarse: Plane<Float>

  /// - Parameter size: of the finest level.
  init(size: ImageSize) {
    fine = Plane(width: size.width, height: size.height)
    middle = Plane(width: size.width / 2, height: size.height / 2)
    coarse = Plane(width: size.width / 4, height: size.height / 4)
  }

  /// Its levels for reading; valid while the pyramid lives.
  var levels: LumaLevels {
    LumaLevels(fine: LumaImage(fine), middle: LumaImage(middle), coarse: LumaImage(coarse))
  }

  /// Fills all levels from the three colour planes of a network's input.
  ///
  /// - Parameters:
  ///   - planes: (3, height, width): red, green, blue.
  ///   - size: of the planes: the finest level's size times `step`.
  ///   - step: 1, or 2 to take means of 2x2 pixels.
  mutating func fill(planes: UnsafePointer<Float>, size: ImageSize, step: Int) {
    let count = size.pixelCount
    let levels = levels
    let image = levels.fine
    for y in 0..<image.height {
      let row = image.start + y * image.stride
      if step == 1 {
        let source = planes + y * size.width
        for x in 0..<image.width {
          row[x] = 0.25 * (source[x] + source[2 * count + x]) + 0.5 * source[count + x]
        }
      } else {
        let upper = planes + 2 * y * size.width
        let lower = upper + size.width
        for x in 0..<image.width {
          var sum: Float = 0
          for channel in 0..<3 {
            let weight: Float = channel == 1 ? 0.125 : 0.0625
            let place = channel * count + 2 * x
            sum += weight * (upper[place] + upper[place + 1] + lower[place] + lower[place + 1])
          }
          row[x] = sum
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
      let lower = upper + source.stride
      let row = target.start + y * target.stride
      for x in 0..<target.width {
        row[x] = 0.25 * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1])
      }
    }
  }
}

/// The levels of a pyramid, borrowed.
struct LumaLevels {
  let fine: LumaImage
  /// Half the size of `fine`.
  let middle: LumaImage
  /// A quarter of the size of `fine`.
  let coarse: LumaImage
}

/// One level of a pyramid, borrowed.
struct LumaImage {
  let start: UnsafeMutablePointer<Float>
  let stride: Int
  let width: Int
  let height: Int

  init(_ plane: borrowing Plane<Float>) {
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
  func sample(_ position: SIMD2<Float>) -> Float {
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

  /// The same at eight positions in a row, `step` apart.
  @inline(__always)
  func sampleEight(from first: SIMD2<Float>, step: SIMD2<Float>) -> SIMD8<Float> {
    let columns = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7)
    return sample(first.x + columns * step.x, first.y + columns * step.y)
  }

  /// The same at eight positions.
  @inline(__always)
  func sample(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
    let columns = x.rounded(.down)
    let rows = y.rounded(.down)
    let u = x - columns
    let v = y - rows
    let places = Self.whole(rows * Float(stride) + columns)
    let upper = pairs(at: places, from: start)
    let lower = pairs(at: places, from: start + stride)
    let top = upper.evenHalf + u * (upper.oddHalf - upper.evenHalf)
    let bottom = lower.evenHalf + u * (lower.oddHalf - lower.evenHalf)
    return top + v * (bottom - top)
  }

  /// Whole numbers from 0 to below 2^23 as such: added to 2^23 they are the lowest bits of the sum. Lane by lane, with
  /// its checks, the conversion would take longer than all else.
  @inline(__always)
  private static func whole(_ values: SIMD8<Float>) -> SIMD8<UInt32> {
    let carrier: Float = 8_388_608
    return unsafeBitCast(values + carrier, to: SIMD8<UInt32>.self) &- carrier.bitPattern
  }

  /// Each place's pixel and the one to its right.
  @inline(__always)
  private func pairs(at places: SIMD8<UInt32>, from first: UnsafePointer<Float>) -> SIMD16<Float> {
    var pairs = SIMD8<UInt64>.zero
    for lane in 0..<8 {
      pairs[lane] = UnsafeRawPointer(first + Int(places[lane])).loadUnaligned(as: UInt64.self)
    }
    return unsafeBitCast(pairs, to: SIMD16<Float>.self)
  }
}
