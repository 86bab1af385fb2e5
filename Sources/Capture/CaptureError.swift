public import Quantities

/// Why a source delivered no frame.
public enum CaptureError: ReportableError, Equatable {
  /// The recording or simulation named in `source` cannot be used.
  case badSource(source: String, reason: String)

  public var severity: ErrorSeverity {
    switch self {
    case .badSource: .stop
    }
  }

  public var description: String {
    switch self {
    case .badSource(let source, let reason): "source \"\(source)\": \(reason)"
    }
  }
}
