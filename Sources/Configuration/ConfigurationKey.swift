/// What must happen for a changed key to take effect.
public enum ReloadClass: String, Sendable, CaseIterable, Comparable {
  /// Takes effect with the next frame.
  case live
  /// The pipeline is built anew beside the running one and swapped in between two frames.
  case rebuild
  /// Only a restart of the daemon applies it; a reload says so and keeps the old value.
  case restart

  public static func < (left: ReloadClass, right: ReloadClass) -> Bool {
    order(left) < order(right)
  }

  private static func order(_ value: ReloadClass) -> Int {
    switch value {
    case .live: 0
    case .rebuild: 1
    case .restart: 2
    }
  }
}

/// One key of `config.toml`: the single source for decoding, errors, differences and the reference.
public struct ConfigurationKey: Sendable {
  /// For example `camera.width`.
  public let path: String
  /// Of the number; nil if it has none.
  public let unit: String?
  /// What may be written, for example `16 to 7680`.
  public let allowed: String
  public let reload: ReloadClass
  /// One line.
  public let documentation: String
  /// The value in a configuration, written as TOML; nil if it is absent.
  let text: @Sendable (Configuration) -> String?
  /// Puts a node into the configuration, or says what is wrong with it.
  let assign: @Sendable (TOMLNode, inout Configuration) -> KeyProblem?

  /// The value as TOML when the key is left out; nil if leaving it out is a value of its own.
  public var defaultText: String? { text(Configuration()) }

  var components: [String] { path.split(separator: ".").map(String.init) }

  /// One line of unit, range, default and reload class, as it stands above each key in `config.toml`.
  public var summary: String {
    let range = unit.map { "\(allowed) \($0)" } ?? allowed
    return "\(range); default \(defaultText ?? "absent"); reload: \(reload.rawValue)"
  }
}

/// A place in the configuration that a key fills.
typealias Field<Value> = any WritableKeyPath<Configuration, Value> & Sendable

/// What is wrong with one value, before it is known where it stands.
struct KeyProblem {
  /// What was found and expected; follows the key's name.
  let text: String
  /// The element of a list or table that is wrong.
  var element: String?
}

extension ConfigurationKey {
  static func boolean(
    _ path: String, _ field: Field<Bool>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, unit: nil, allowed: "true or false", reload: reload, documentation: documentation,
      text: { "\($0[keyPath: field])" },
      assign: { node, configuration in
        guard case .boolean(let value) = node else { return .wrongType(node, "true or false") }
        configuration[keyPath: field] = value
        return nil
      })
  }

  static func integer(
    _ path: String, _ field: Field<Int>, _ range: ClosedRange<Int>,
    unit: String? = nil, _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    return ConfigurationKey(
      path: path, unit: unit, allowed: allowed, reload: reload, documentation: documentation,
      text: { "\($0[keyPath: field])" },
      assign: { node, configuration in
        guard case .integer(let value) = node else { return .wrongType(node, "a whole number") }
        guard range.contains(value) else { return .outOfRange("\(value)", allowed, unit) }
        configuration[keyPath: field] = value
        return nil
      })
  }

  static func number(
    _ path: String, _ field: Field<Double>, _ range: ClosedRange<Double>,
    unit: String? = nil, _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed = "\(range.lowerBound) to \(range.upperBound)"
    return ConfigurationKey(
      path: path, unit: unit, allowed: allowed, reload: reload, documentation: documentation,
      text: { "\($0[keyPath: field])" },
      assign: { node, configuration in
        guard let value = node.asNumber else { return .wrongType(node, "a number") }
        guard range.contains(value) else { return .outOfRange("\(value)", allowed, unit) }
        configuration[keyPath: field] = value
        return nil
      })
  }

  static func optionalNumber(
    _ path: String, _ field: Field<Double?>, _ range: ClosedRange<Double>,
    unit: String? = nil, _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed = "\(range.lowerBound) to \(range.upperBound)"
    return ConfigurationKey(
      path: path, unit: unit, allowed: allowed, reload: reload, documentation: documentation,
      text: { $0[keyPath: field].map { "\($0)" } },
      assign: { node, configuration in
        guard let value = node.asNumber else { return .wrongType(node, "a number") }
        guard range.contains(value) else { return .outOfRange("\(value)", allowed, unit) }
        configuration[keyPath: field] = value
        return nil
      })
  }

  static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ path: String, _ field: Field<Value>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    let values = Value.allCases.map { (word: $0.rawValue, value: $0) }
    let allowed = values.map { "\"\($0.word)\"" }.joined(separator: ", ")
    return ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field].rawValue) },
      assign: { node, configuration in
        guard case .text(let word) = node else { return .wrongType(node, "one of \(allowed)") }
        guard let value = values.first(where: { $0.word == word })?.value else {
          let nearest = Nearest.match(word, among: values.map(\.word))
          let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? ""
          return KeyProblem(text: "is \(TOMLText.quoted(word)); it must be one of \(allowed)\(hint)")
        }
        configuration[keyPath: field] = value
        return nil
      })
  }

  static func text<Value: ConfigurationText>(
    _ path: String, _ field: Field<Value>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, unit: nil, allowed: Value.allowed, reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field].configurationText) },
      assign: { node, configuration in
        guard case .text(let text) = node else { return .wrongType(node, "text: \(Value.allowed)") }
        guard let value = Value(configurationText: text) else {
          return KeyProblem(text: "is \(TOMLText.quoted(text)); it must be \(Value.allowed)")
        }
        configuration[keyPath: field] = value
        return nil
      })
  }
}

extension KeyProblem {
  static func wrongType(_ found: TOMLNode, _ expected: String) -> KeyProblem {
    KeyProblem(text: "is \(found.typeName); it must be \(expected)")
  }

  static func outOfRange(_ found: String, _ allowed: String, _ unit: String?) -> KeyProblem {
    KeyProblem(text: "is \(found); it must be \(allowed)\(unit.map { " \($0)" } ?? "")")
  }
}

extension TOMLNode {
  /// Whole numbers may be written without a point.
  var asNumber: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
}
