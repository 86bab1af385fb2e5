public import Quantities

/// What a JPEG file says about itself before any pixel is decoded.
public struct JPEGHeader: Equatable, Sendable {
  /// How the colour planes are sampled relative to luma.
  public enum Subsampling: String, Sendable {
    case none = "4:4:4"
    case horizontal = "4:2:2"
    case both = "4:2:0"
    case grey
    case vertical = "4:4:0"
    case quarter = "4:1:1"
  }

  public var size: ImageSize
  public var subsampling: Subsampling

  public init(size: ImageSize, subsampling: Subsampling) {
    self.size = size
    self.subsampling = subsampling
  }

  /// Sizes the decoder can produce directly by dropping high DCT coefficients, largest first: `n/8` of each
  /// side, rounded up (`TJSCALED` of TurboJPEG), with `n` from 8 to 1.
  public var decodableSizes: [ImageSize] {
    (1...8).reversed().map { size.scaledByEighths($0) }
  }

  /// The smallest directly decodable size that is at least `wanted` on both sides; the full size when
  /// `wanted` is larger than the image.
  public func smallestDecodableSize(atLeast wanted: ImageSize) -> ImageSize {
    size.smallestJPEGSize(atLeast: wanted)
  }
}

extension ImageSize {
  func scaledByEighths(_ eighths: Int) -> ImageSize {
    ImageSize(width: (width * eighths + 7) / 8, height: (height * eighths + 7) / 8)
  }

  /// For a JPEG image of this size: the smallest size a decoder yields directly that is at least `wanted` on
  /// both sides; this size when `wanted` is larger.
  public func smallestJPEGSize(atLeast wanted: ImageSize) -> ImageSize {
    for eighths in 1...8 {
      let scaled = scaledByEighths(eighths)
      if scaled.width >= wanted.width && scaled.height >= wanted.height { return scaled }
    }
    return self
  }

  func canBeDecodedFromJPEG(of full: ImageSize) -> Bool {
    (1...8).contains { full.scaledByEighths($0) == self }
  }
}
