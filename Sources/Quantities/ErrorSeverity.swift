/// The only question a supervisor asks of an error.
public enum ErrorSeverity: Sendable {
  /// This frame or message is lost; the next may be fine.
  case skip
  /// The stage cannot work at present; keep the rest alive and retry.
  case degrade
  /// Retrying cannot help: say why and stop.
  case stop
}

/// An error that tells a person what failed, where, what was found and how to fix it.
public protocol ReportableError: Error, CustomStringConvertible, Sendable {
  var severity: ErrorSeverity { get }
}
