public import Quantities

/// Everything needed to turn a driver's buffer into pixels, as the driver reported it after negotiation.
public struct CaptureFormat: Hashable, Sendable {
  public var pixelFormat: PixelFormat
  public var size: ImageSize
  /// Bytes from the start of one row to the next, in the first plane; 0 for compressed formats.
  public var bytesPerLine: Int
  public var encoding: ColourEncoding
  public var range: QuantizationRange

  public init(
    pixelFormat: PixelFormat, size: ImageSize, bytesPerLine: Int, encoding: ColourEncoding = .bt601,
    range: QuantizationRange = .limited
  ) {
    self.pixelFormat = pixelFormat
    self.size = size
    self.bytesPerLine = bytesPerLine
    self.encoding = encoding
    self.range = range
  }
}

/// The weights of red and blue in luma: ITU-R BT.601, BT.709 and BT.2020.
public enum ColourEncoding: String, Sendable, CaseIterable {
  case bt601, bt709, bt2020

  var redWeight: Double {
    switch self {
    case .bt601: 0.299
    case .bt709: 0.2126
    case .bt2020: 0.2627
    }
  }

  var blueWeight: Double {
    switch self {
    case .bt601: 0.114
    case .bt709: 0.0722
    case .bt2020: 0.0593
    }
  }
}

/// Which code values mean black and white.
public enum QuantizationRange: String, Sendable, CaseIterable {
  /// Luma 16...235, chroma 16...240.
  case limited
  /// 0...255.
  case full
}
