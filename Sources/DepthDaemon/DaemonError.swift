public import Messaging
public import ModelBundle
public import Quantities
public import WireFormat

/// Why the daemon cannot start. Once it runs, faults are health, not errors.
public enum DaemonError: ReportableError {
  case model(ModelBundleError)
  case messaging(MessagingError)
  case wire(WireFormatError)
  /// A folder that must be writable is not.
  case unwritableFolder(key: String, path: String, reason: String)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .model(let error): error.description
    case .messaging(let error): error.description
    case .wire(let error): error.description
    case .unwritableFolder(let key, let path, let reason):
      "\(key): cannot write in \(path): \(reason). Create it for this user or set \(key) to another folder."
    }
  }
}
