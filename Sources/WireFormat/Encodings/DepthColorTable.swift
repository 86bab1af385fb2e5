import Glibc
public import ImageBuffers
import Quantities

/// Colours for depths of a fixed range: near is red, far is blue, even steps in log depth.
///
/// The range never adapts to the image, so that a colour means the same distance in every frame. Unknown depth
/// is black, +Inf (beyond range) a dark blue-grey of its own.
public struct DepthColorTable: Sendable {
  public let nearest: Float
  public let farthest: Float
  private let colors: [SIMD3<UInt8>]
  private let firstKey: Int

  private static let unknown = SIMD3<UInt8>(0, 0, 0)
  private static let beyond = SIMD3<UInt8>(40, 44, 60)

  /// - Precondition: 0 < nearest < farthest, both finite.
  public init(nearest: Float, farthest: Float) {
    precondition(
      nearest > 0 && nearest < farthest && farthest < .infinity, "a colour range needs 0 < nearest < farthest"
    )
    self.nearest = nearest
    self.farthest = farthest
    let firstKey = Self.key(nearest)
    self.firstKey = firstKey
    let span = log(farthest / nearest)
    colors = (firstKey...Self.key(farthest)).map { key in
      let depth = Float(bitPattern: UInt32(key) << 16 | 0x8000)
      return TurboColorMap.color(at: 1 - log(depth / nearest) / span)
    }
  }

  /// The top 16 bits of a Float grow with the logarithm of its value, 128 steps for each doubling: a table
  /// over them costs no logarithm per pixel and is right to 0.8 % of depth.
  @inline(__always)
  private static func key(_ depth: Float) -> Int { Int(depth.bitPattern >> 16) }

  /// The colour of one depth, in the unit the range was given in.
  @inline(__always)
  public func color(of depth: Float) -> SIMD3<UInt8> {
    guard depth > 0 else { return Self.unknown }
    guard depth < .infinity else { return Self.beyond }
    return colors[min(max(Self.key(depth) - firstKey, 0), colors.count - 1)]
  }

  /// Paints `depth` into `image` with its left upper corner at (x, y).
  /// - Precondition: the image is large enough.
  public func paint(_ depth: borrowing Plane<Float>, into image: inout RGBImage, x: Int = 0, y: Int = 0) {
    precondition(
      x >= 0 && y >= 0 && x + depth.width <= image.size.width && y + depth.height <= image.size.height,
      "the picture does not fit")
    for row in 0..<depth.height {
      let source = depth.baseAddress + row * depth.rowStride
      let target = image.bytes.baseAddress + (y + row) * image.bytes.rowStride + 3 * x
      for column in 0..<depth.width {
        let color = color(of: source[column])
        target[3 * column] = color.x
        target[3 * column + 1] = color.y
        target[3 * column + 2] = color.z
      }
    }
  }
}
