public import Decoding
public import Quantities

/// One pixel format of a camera with the sizes and rates it offers.
public struct OfferedFormat: Sendable, Equatable {
  public var pixelFormat: PixelFormat
  /// The driver's words for the format.
  public var name: String
  public var modes: [OfferedMode]

  public init(pixelFormat: PixelFormat, name: String, modes: [OfferedMode]) {
    self.pixelFormat = pixelFormat
    self.name = name
    self.modes = modes
  }
}

/// One size, or range of sizes, with its rates.
public struct OfferedMode: Sendable, Equatable {
  /// The size; for a range, the largest.
  public var size: ImageSize
  /// The smallest size of a range; equal to `size` for a single one.
  public var smallest: ImageSize
  /// Frames per second, highest first; empty = the driver does not say.
  public var ratesHz: [Double]

  public init(size: ImageSize, smallest: ImageSize? = nil, ratesHz: [Double]) {
    self.size = size
    self.smallest = smallest ?? size
    self.ratesHz = ratesHz
  }

  package func contains(_ wanted: ImageSize) -> Bool {
    (smallest.width...size.width).contains(wanted.width)
      && (smallest.height...size.height).contains(wanted.height)
  }
}

/// What a driver agreed to.
public struct NegotiatedMode: Sendable, Equatable {
  public var format: CaptureFormat
  /// Bytes of one buffer.
  public var imageBytes: Int
  /// Frames per second the driver promised; 0 = it does not say.
  public var rateHz: Double
}
