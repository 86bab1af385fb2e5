public import Quantities

/// Why a captured buffer did not become an image.
public enum DecodingError: ReportableError, Equatable {
  /// Neither this package nor libv4lconvert reads the format.
  case unsupportedFormat(PixelFormat)
  /// The driver's row length cannot hold a row.
  case badLayout(PixelFormat, bytesPerLine: Int, needed: Int)
  /// The frame is damaged: too short, or not decodable.
  case corrupt(PixelFormat, reason: Reason)
  /// The image that was handed in has another size than the decoder produces.
  case wrongImageSize(found: ImageSize, wanted: ImageSize)
  /// A library did not start.
  case library(String)

  /// What is wrong with a damaged frame.
  public enum Reason: Equatable, Sendable, CustomStringConvertible {
    case short(bytes: Int, needed: Int)
    /// No start-of-image marker at the beginning, or no end-of-image marker at all.
    case incompleteJPEG(bytes: Int)
    case undecodable(String)

    public var description: String {
      switch self {
      case .short(let bytes, let needed): "\(bytes) bytes arrived, \(needed) are needed"
      case .incompleteJPEG(let bytes): "start or end of the JPEG image is missing in \(bytes) bytes"
      case .undecodable(let text): text
      }
    }
  }

  public var severity: ErrorSeverity {
    switch self {
    case .corrupt: .skip
    case .unsupportedFormat, .badLayout, .wrongImageSize, .library: .degrade
    }
  }

  public var description: String {
    switch self {
    case .unsupportedFormat(let format):
      "pixel format \(format) cannot be decoded; choose another format of the camera in camera.format"
    case .badLayout(let format, let bytesPerLine, let needed):
      "the driver's rows of \(bytesPerLine) bytes are shorter than the \(needed) bytes of a \(format) row"
    case .corrupt(let format, let reason):
      "damaged \(format) frame: \(reason)"
    case .wrongImageSize(let found, let wanted):
      "the image is \(found) but the decoder makes \(wanted)"
    case .library(let reason):
      "a decoding library did not start: \(reason)"
    }
  }
}
