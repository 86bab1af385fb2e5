public import Quantities

/// Why two pieces of camera geometry do not belong together.
public enum GeometryError: ReportableError, Equatable {
  /// The calibration was made for an image of another shape than the captured one.
  case calibrationOfAnotherShape(camera: String, calibrated: ImageSize, captured: ImageSize)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .calibrationOfAnotherShape(let camera, let calibrated, let captured):
      """
      calibration "\(camera)" is for \(calibrated) but the camera delivers \(captured): another shape, so \
      their pixels do not correspond. Capture with the aspect ratio of \(calibrated), or calibrate again at \
      \(captured).
      """
    }
  }
}
