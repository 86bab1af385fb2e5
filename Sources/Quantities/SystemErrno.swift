/// An errno value with its text, read once by `Platform` and passed on as a value.
public struct SystemErrno: Error, Hashable, Sendable, CustomStringConvertible {
  public let code: Int32
  /// The system's own words for the code, for example "No such file or directory".
  public let text: String

  public init(code: Int32, text: String) {
    self.code = code
    self.text = text
  }

  public var description: String { "\(text) (errno \(code))" }
}
