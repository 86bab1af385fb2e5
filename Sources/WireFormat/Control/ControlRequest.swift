/// One kind of request on the control endpoint, with its arguments as properties: `{"request":"reload","force":true}`.
///
/// One file per kind, shared by the daemon, which answers, and by clients, which ask. A kind without arguments is
/// an empty struct. Arguments that may be left out are optional; others that the kind does not know are refused.
public protocol ControlRequest: Codable, Sendable {
  /// The members of the reply's `result` object.
  associatedtype Answer: Sendable
  /// What stands after `"request"`: a stable word or two, for example `reload` or `model.exchange`.
  static var name: String { get }
}

/// Why a request was not done.
public struct ControlFailure: Error, Equatable, Sendable, Codable {
  /// A short stable word for programs: `malformed`, `unknown_request`, `bad_argument`, `busy`, `timeout`, or a word
  /// of the request's own.
  public var code: String
  /// One sentence for a person.
  public var text: String

  public init(code: String, text: String) {
    self.code = code
    self.text = text
  }
}
