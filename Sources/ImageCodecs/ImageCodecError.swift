public import Quantities

/// The two file formats of this module.
public enum ImageFormat: String, Sendable {
  case jpeg = "JPEG"
  case png = "PNG"
}

/// Why bytes did not become an image, or an image not bytes.
///
/// Callers that know a file name put it in front.
public enum ImageCodecError: ReportableError, Equatable {
  /// The first bytes or the header are not those of the format.
  case notAnImage(ImageFormat, reason: String)
  /// The header is fine but the image data are damaged or end too early.
  case corrupt(ImageFormat, reason: String)
  /// A valid file of a kind that is not read here.
  case unsupported(ImageFormat, found: String, wanted: String)
  /// The image does not fit the buffer it was to be decoded into.
  case sizeMismatch(ImageFormat, found: ImageSize, wanted: ImageSize)
  /// The image has more pixels than any camera delivers; decoding it would exhaust memory.
  case tooLarge(ImageFormat, found: ImageSize)
  /// The library refused to start or to encode.
  case library(ImageFormat, reason: String)

  public var severity: ErrorSeverity {
    switch self {
    case .library: .degrade
    default: .skip
    }
  }

  public var description: String {
    switch self {
    case .notAnImage(let format, let reason):
      "not a \(format.rawValue) image: \(reason)"
    case .corrupt(let format, let reason):
      "damaged \(format.rawValue) image: \(reason); record or copy it again"
    case .unsupported(let format, let found, let wanted):
      "\(format.rawValue) image is \(found), but \(wanted) is needed; convert it"
    case .sizeMismatch(let format, let found, let wanted):
      "\(format.rawValue) image is \(found) and cannot be decoded into a buffer of \(wanted)"
    case .tooLarge(let format, let found):
      "\(format.rawValue) image claims \(found); at most \(maximumPixelCount) pixels are read"
    case .library(let format, let reason):
      "the \(format.rawValue) library failed: \(reason)"
    }
  }
}

/// Pixels that an image may have: 100 megapixels, so that a damaged header cannot claim all memory.
package let maximumPixelCount = 100_000_000
