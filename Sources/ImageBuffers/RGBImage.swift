public import Quantities

/// An 8-bit colour image, interleaved R, G, B, with a single owner.
public struct RGBImage: ~Copyable, Sendable {
  public let size: ImageSize
  /// The interleaved bytes: a plane `3 * width` wide; `bytes.rowStride` is in bytes.
  public var bytes: Plane<UInt8>

  /// Allocates a black image.
  public init(size: ImageSize) {
    self.size = size
    self.bytes = Plane(width: 3 * size.width, height: size.height)
  }
}
