/// A setting that is written as text with rules of its own.
protocol ConfigurationText: Sendable {
  /// What may be written, for error messages and the reference.
  static var allowed: String { get }

  /// Nil if the text breaks the rules.
  init?(configurationText: String)

  /// The text that gives this value.
  var configurationText: String { get }
}
