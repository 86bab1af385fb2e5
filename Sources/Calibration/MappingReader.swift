import Yams

/// Reads one YAML mapping key by key and remembers every problem instead of stopping at the first.
struct MappingReader {
  let mapping: Node.Mapping
  private(set) var problems: [CalibrationProblem] = []

  init(_ mapping: Node.Mapping) {
    self.mapping = mapping
  }

  func has(_ key: String) -> Bool { mapping[key] != nil }

  /// Keys in file order, with their lines.
  var keys: [(name: String, line: Int?)] {
    mapping.map { ($0.key.string ?? "", $0.key.mark?.line) }
  }

  mutating func report(_ key: String? = nil, _ text: String) {
    problems.append(CalibrationProblem(line: key.flatMap { mapping[$0]?.mark?.line }, text: text))
  }

  /// Adopts the problems of a nested reader.
  mutating func adopt(_ nested: [CalibrationProblem]) { problems += nested }

  mutating func text(_ key: String) -> String? {
    guard let node = required(key) else { return nil }
    guard let text = node.scalar?.string else {
      report(key, "\(key) must be text")
      return nil
    }
    return text
  }

  mutating func integer(_ key: String, atLeast minimum: Int) -> Int? {
    guard let node = required(key) else { return nil }
    guard let text = node.scalar?.string, let value = Int(text) else {
      report(key, "\(key) must be a whole number, found \(Self.describe(node))")
      return nil
    }
    guard value >= minimum else {
      report(key, "\(key) is \(value); it must be at least \(minimum)")
      return nil
    }
    return value
  }

  mutating func flag(_ key: String) -> Bool? {
    guard let node = required(key) else { return nil }
    guard let value = node.bool else {
      report(key, "\(key) must be true or false, found \(Self.describe(node))")
      return nil
    }
    return value
  }

  /// One finite number.
  mutating func number(_ key: String) -> Double? {
    guard let node = required(key) else { return nil }
    guard let value = Self.number(node), value.isFinite else {
      report(key, "\(key) must be a number, found \(Self.describe(node))")
      return nil
    }
    return value
  }

  /// A list of finite numbers, of whatever length.
  mutating func numbers(_ key: String, called name: String? = nil) -> [Double]? {
    guard let node = required(key) else { return nil }
    let name = name ?? key
    guard let sequence = node.sequence else {
      report(key, "\(name) must be a list of numbers, found \(Self.describe(node))")
      return nil
    }
    var values: [Double] = []
    for (index, element) in sequence.enumerated() {
      guard let value = Self.number(element) else {
        report(key, "\(name)[\(index)] must be a number, found \(Self.describe(element))")
        return nil
      }
      guard value.isFinite else {
        report(key, "\(name)[\(index)] is \(value.isNaN ? "NaN" : "infinite"); calibrate again")
        return nil
      }
      values.append(value)
    }
    return values
  }

  mutating func nested(_ key: String) -> MappingReader? {
    guard let node = required(key) else { return nil }
    guard let mapping = node.mapping else {
      report(key, "\(key) must hold keys of its own, found \(Self.describe(node))")
      return nil
    }
    return MappingReader(mapping)
  }

  /// A list of groups of keys.
  mutating func entries(_ key: String) -> [MappingReader]? {
    guard let node = required(key) else { return nil }
    let entries = node.sequence?.compactMap { $0.mapping.map { MappingReader($0) } }
    guard let entries, entries.count == node.sequence?.count else {
      report(key, "\(key) must be a list of groups of keys, found \(Self.describe(node))")
      return nil
    }
    return entries
  }

  private mutating func required(_ key: String) -> Node? {
    guard let node = mapping[key] else {
      problems.append(CalibrationProblem(line: mapping.mark?.line, text: "\(key) is missing"))
      return nil
    }
    return node
  }

  private static func number(_ node: Node) -> Double? {
    guard let text = node.scalar?.string else { return nil }
    // YAML spells the special values with a dot in front.
    return Double(text) ?? Double(text.replacing(".nan", with: "nan").replacing(".inf", with: "inf"))
  }

  private static func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "\"\(scalar.string.prefix(40))\""
    case .sequence: "a list"
    case .mapping: "a group of keys"
    case .alias: "an alias"
    }
  }
}
