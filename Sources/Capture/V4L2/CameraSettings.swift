public import Decoding
public import Quantities

/// What the configuration says about a live camera.
public struct CameraSettings: Equatable, Sendable {
  public var selector: CameraSelector
  /// Capture size to ask for; the driver may answer with its nearest.
  public var size: ImageSize
  /// Frames per second to ask for; 0 = leave the driver's own rate.
  public var rateHz: Double
  public var format: FormatPreference
  /// Compressed frames may be decoded at a reduced scale that is still at least this size; nil = full size.
  public var neededSize: ImageSize?
  /// Driver controls by name as `depthctl devices` lists them, for example `exposure_auto`.
  public var controls: [String: Int]
  /// Frames thrown away after each start of the stream, while exposure settles.
  public var discardFirstFrames: Int
  /// Added to every capture time, microseconds; usually negative (transfer delay before the driver's stamp).
  public var timeOffsetMicroseconds: Int
  /// Whether another camera than the first one may take its place after a reconnection.
  public var acceptAnyCamera: Bool

  public init(
    selector: CameraSelector = .first, size: ImageSize = ImageSize(width: 640, height: 480),
    rateHz: Double = 30, format: FormatPreference = .automatic, neededSize: ImageSize? = nil,
    controls: [String: Int] = [:], discardFirstFrames: Int = 5, timeOffsetMicroseconds: Int = 0,
    acceptAnyCamera: Bool = false
  ) {
    self.selector = selector
    self.size = size
    self.rateHz = rateHz
    self.format = format
    self.neededSize = neededSize
    self.controls = controls
    self.discardFirstFrames = discardFirstFrames
    self.timeOffsetMicroseconds = timeOffsetMicroseconds
    self.acceptAnyCamera = acceptAnyCamera
  }
}

/// Which pixel format to capture in.
public enum FormatPreference: Equatable, Sendable {
  /// The best the bus can carry; see `FormatChoice`.
  case automatic
  case fixed(PixelFormat)
}

/// Which of the attached cameras is meant.
public enum CameraSelector: Equatable, Sendable, CustomStringConvertible {
  /// The capture device with the lowest number.
  case first
  /// A device node or a link to one: `/dev/video0`, `/dev/v4l/by-id/...`, `/dev/v4l/by-path/...`.
  case path(String)
  /// USB serial number.
  case serial(String)
  /// USB port as the kernel names it, for example `1-2.3`.
  case usbPort(String)

  /// Parses `auto`, an absolute path, `serial:TEXT` or `usb:PORT`; nil for anything else.
  public init?(_ text: String) {
    if text == "auto" {
      self = .first
    } else if text.hasPrefix("/") {
      self = .path(text)
    } else if text.hasPrefix("serial:"), text.utf8.count > 7 {
      self = .serial(String(text.dropFirst(7)))
    } else if text.hasPrefix("usb:"), text.utf8.count > 4 {
      self = .usbPort(String(text.dropFirst(4)))
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .first: "auto"
    case .path(let path): path
    case .serial(let serial): "serial:\(serial)"
    case .usbPort(let port): "usb:\(port)"
    }
  }
}
