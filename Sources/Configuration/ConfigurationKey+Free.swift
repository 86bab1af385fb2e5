extension ConfigurationKey {
  /// A name: letters, digits, `_` and `-`; it becomes part of file names and frame names.
  static func name(
    _ path: String, _ field: Field<String>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    name(
      path, field, reload, documentation, length: 1...64, allowed: "1 to 64 letters, digits, \"_\" or \"-\"",
      isAllowed: TOMLText.isBareKey)
  }

  /// A name that stands in topics: what the wire format has room for (docs/wire.md).
  static func topicName(
    _ path: String, _ field: Field<String>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    name(
      path, field, reload, documentation, length: 1...19,
      allowed: "1 to 19 of a-z, 0-9, \"_\" and \"-\"",
      isAllowed: { TOMLText.isBareKey($0) && !("A"..."Z").contains($0) })
  }

  private static func name(
    _ path: String, _ field: Field<String>, _ reload: ReloadClass, _ documentation: String,
    length: ClosedRange<Int>, allowed: String, isAllowed: @escaping @Sendable (Unicode.Scalar) -> Bool
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field]) },
      assign: { node, configuration in
        guard case .text(let text) = node else { return .wrongType(node, "text: \(allowed)") }
        guard length.contains(text.utf8.count), text.unicodeScalars.allSatisfy(isAllowed) else {
          return KeyProblem(text: "is \(TOMLText.quoted(text)); it must be \(allowed)")
        }
        configuration[keyPath: field] = text
        return nil
      })
  }

  /// A path; relative ones start at the configuration file's folder.
  static func path(
    _ path: String, _ field: Field<String>, mayBeEmpty: Bool,
    _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed = mayBeEmpty ? "a path, or \"\" for none" : "a path"
    return ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field]) },
      assign: { node, configuration in
        guard case .text(let text) = node else { return .wrongType(node, "text: \(allowed)") }
        guard mayBeEmpty || !text.isEmpty else { return KeyProblem(text: "is empty; it must be \(allowed)") }
        configuration[keyPath: field] = text
        return nil
      })
  }

  /// Any text.
  static func freeText(
    _ path: String, _ field: Field<String>, _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, unit: nil, allowed: "text", reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field]) },
      assign: { node, configuration in
        guard case .text(let text) = node else { return .wrongType(node, "text") }
        configuration[keyPath: field] = text
        return nil
      })
  }

  /// A list of different whole numbers.
  static func integers(
    _ path: String, _ field: Field<[Int]>, _ range: ClosedRange<Int>,
    _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed = "a list of different whole numbers, each \(range.lowerBound) to \(range.upperBound)"
    return ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { "[\($0[keyPath: field].map(String.init).joined(separator: ", "))]" },
      assign: { node, configuration in
        guard case .list(let elements) = node else { return .wrongType(node, allowed) }
        var values: [Int] = []
        for (index, element) in elements.enumerated() {
          guard case .integer(let value) = element, range.contains(value), !values.contains(value) else {
            return KeyProblem(
              text: "[\(index)] is \(element.shortText); the list must be \(allowed)", element: String(index))
          }
          values.append(value)
        }
        configuration[keyPath: field] = values
        return nil
      })
  }

  /// A table whose keys are free and whose values are whole numbers.
  static func integerTable(
    _ path: String, _ field: Field<[String: Int]>, _ reload: ReloadClass,
    _ documentation: String
  ) -> ConfigurationKey {
    let allowed = "a table of whole numbers, -2147483648 to 2147483647"
    return ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { configuration in
        let pairs = configuration[keyPath: field].sorted { $0.key < $1.key }
        return pairs.isEmpty ? "{}" : "{ \(pairs.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")) }"
      },
      assign: { node, configuration in
        guard case .table(let entries) = node else { return .wrongType(node, allowed) }
        var values: [String: Int] = [:]
        for (name, element) in entries.sorted(by: { $0.key < $1.key }) {
          guard case .integer(let value) = element, Int32(exactly: value) != nil else {
            return KeyProblem(text: ".\(name) is \(element.shortText); it must be \(allowed)", element: name)
          }
          values[name] = value
        }
        configuration[keyPath: field] = values
        return nil
      })
  }
}

extension TOMLNode {
  /// The value, or its type if it is long.
  var shortText: String {
    switch self {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): TOMLText.quoted(value)
    case .list, .table, .time: typeName
    }
  }
}

/// Writing of TOML values.
enum TOMLText {
  static func quoted(_ text: String) -> String {
    let escaped = text.map { character -> String in
      switch character {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      default: String(character)
      }
    }
    return "\"\(escaped.joined())\""
  }

  static func isBareKey(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || scalar == "_" || scalar == "-"
  }
}
