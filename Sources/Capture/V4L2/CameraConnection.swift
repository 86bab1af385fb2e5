import Decoding
public import Quantities

/// What was agreed with the camera that is connected at present; for the log and the status.
public struct CameraConnection: Sendable, Equatable, CustomStringConvertible {
  public var node: CameraNode
  /// The driver's names of the camera, of itself and of the bus.
  public var card: String
  public var driver: String
  public var busInfo: String
  public var mode: NegotiatedMode
  /// Why this pixel format; "configured" when it was not chosen automatically.
  public var formatReason: String
  /// Size of the decoded images.
  public var frameSize: ImageSize

  public var description: String {
    let format = mode.format
    let rate = mode.rateHz > 0 ? " at \(mode.rateHz) Hz" : ""
    let scaled = frameSize == format.size ? "" : ", decoded at \(frameSize)"
    return "\(card) (\(node.label)): \(format.pixelFormat) \(format.size)\(rate)\(scaled); \(formatReason)"
  }
}
