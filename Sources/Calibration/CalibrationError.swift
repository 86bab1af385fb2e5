public import Quantities

/// One thing that is wrong with the content of a calibration file.
public struct CalibrationProblem: Hashable, Sendable, CustomStringConvertible {
  /// 1-based; nil if the fault is something that is not there.
  public let line: Int?
  public let text: String

  public init(line: Int?, text: String) {
    self.line = line
    self.text = text
  }

  public var description: String { line.map { "line \($0): \(text)" } ?? text }
}

/// Why there is no calibration: three different faults that need three different answers.
public enum CalibrationError: ReportableError, Equatable {
  /// There is no such file.
  case missing(file: String)
  /// The file is there but cannot be read (permission, a folder, not text).
  case unreadable(file: String, reason: String)
  /// The file is there but is no YAML.
  case unparsable(file: String, line: Int?, problem: String)
  /// The file is YAML but no usable calibration; every problem found is listed.
  case invalid(file: String, problems: [CalibrationProblem])

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .missing(let file):
      """
      calibration file "\(file)" does not exist. Put the file there, or correct camera.calibration (a path \
      relative to the configuration file), or leave it empty to run uncalibrated.
      """
    case .unreadable(let file, let reason):
      "calibration file \"\(file)\" exists but cannot be read: \(reason). Check its type and permissions."
    case .unparsable(let file, let line, let problem):
      """
      calibration file "\(file)" exists but is not valid YAML\(line.map { " at line \($0)" } ?? ""): \
      \(problem). Copy the file again from the calibration tool.
      """
    case .invalid(let file, let problems):
      "calibration file \"\(file)\" cannot be used:"
        + problems.map { "\n  \(file): \($0)" }.joined()
    }
  }
}
