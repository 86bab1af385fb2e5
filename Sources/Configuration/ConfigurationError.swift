public import Quantities

/// One thing that is wrong in a configuration file.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
  /// Where it stands, 1-based, columns counted in Unicode scalars; nil if it concerns what is not there.
  public let position: TextPosition?
  /// What was found and what would be right.
  public let text: String

  public var description: String { position.map { "\($0.line):\($0.column): \(text)" } ?? " \(text)" }
}

/// Why a configuration file cannot be used.
public enum ConfigurationError: ReportableError, Equatable {
  /// There is no such file.
  case missing(file: String)
  /// The file is there but cannot be read.
  case unreadable(file: String, reason: String)
  /// The file is no TOML; nothing else can be said about it until this is mended.
  case unparsable(file: String, position: TextPosition, problem: String)
  /// The file is TOML; every problem in it is listed, in the order of the file.
  case invalid(file: String, problems: [ConfigurationProblem])

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .missing(let file):
      "configuration file \"\(file)\" does not exist. Name another with --config FILE."
    case .unreadable(let file, let reason):
      "configuration file \"\(file)\" exists but cannot be read: \(reason). Check its type and permissions."
    case .unparsable(let file, let position, let problem):
      "\(file):\(position.line):\(position.column): \(problem)"
    case .invalid(let file, let problems):
      problems.map { "\(file):\($0)" }.joined(separator: "\n")
    }
  }
}
