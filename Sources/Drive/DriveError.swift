public import Quantities

/// Why a drive folder cannot be read or written.
public enum DriveError: ReportableError, Equatable {
  /// A file or folder could not be opened, read or written.
  case file(path: String, action: String, SystemErrno)
  /// The folder lacks a file it must have.
  case missingFile(path: String, neededFor: String)
  /// A text file says something that cannot be right. `line` counts from 1; nil = the file as a whole.
  case badText(path: String, line: Int?, reason: String)
  /// An image file cannot be decoded or does not fit the drive.
  case badImage(path: String, reason: String)
  /// The folder already holds a finished drive.
  case alreadyRecorded(directory: String)
  /// What was handed over cannot be stored.
  case unstorable(directory: String, reason: String)

  public var severity: ErrorSeverity {
    switch self {
    case .badImage: .skip
    case .file, .missingFile, .badText, .alreadyRecorded, .unstorable: .stop
    }
  }

  public var description: String {
    switch self {
    case .file(let path, let action, let error):
      "cannot \(action) \(path): \(error)"
    case .missingFile(let path, let neededFor):
      "\(path) is missing; a drive folder needs it for \(neededFor)"
    case .badText(let path, let line, let reason):
      line.map { "\(path):\($0): \(reason)" } ?? "\(path): \(reason)"
    case .badImage(let path, let reason):
      "\(path): \(reason)"
    case .alreadyRecorded(let directory):
      "\(directory) already holds a finished drive; choose another folder or remove it"
    case .unstorable(let directory, let reason):
      "cannot record into \(directory): \(reason)"
    }
  }
}
