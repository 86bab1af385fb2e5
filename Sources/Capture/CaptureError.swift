public import Quantities

/// Why a source delivered no frame.
public enum CaptureError: ReportableError, Equatable {
  /// The recording or simulation named in `source` cannot be used.
  case badSource(source: String, reason: String)
  /// The camera cannot deliver, or delivered something broken.
  case camera(CameraFault)

  public var severity: ErrorSeverity {
    switch self {
    case .badSource: .stop
    case .camera(let fault): fault.severity
    }
  }

  public var description: String {
    switch self {
    case .badSource(let source, let reason): "source \"\(source)\": \(reason)"
    case .camera(let fault): fault.description
    }
  }
}
