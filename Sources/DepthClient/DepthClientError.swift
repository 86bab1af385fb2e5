public import Messaging
public import Quantities
public import WireFormat

/// Why a client cannot subscribe, or what was wrong with a message.
public enum DepthClientError: ReportableError, Equatable {
  case messaging(MessagingError)
  case wire(WireFormatError)
  /// The daemon said no to a request.
  case refused(ControlFailure)
  /// A header that cannot be read.
  case header(topic: String, reason: String)
  /// A payload of another kind than was asked for.
  case encoding(topic: String, found: PayloadEncoding, wanted: String)

  public var severity: ErrorSeverity {
    switch self {
    case .messaging(let error): error.severity
    case .wire(let error): error.severity
    case .refused: .stop
    case .header, .encoding: .skip
    }
  }

  public var description: String {
    switch self {
    case .messaging(let error): error.description
    case .wire(let error): error.description
    case .refused(let failure): "the daemon refused (\(failure.code)): \(failure.text)"
    case .header(let topic, let reason): "header of \(topic): \(reason)"
    case .encoding(let topic, let found, let wanted): "\(topic) is \(found.rawValue), not \(wanted)"
    }
  }
}
