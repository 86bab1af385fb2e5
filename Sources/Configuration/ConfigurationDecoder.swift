extension Configuration {
  /// Reads a configuration file's text; keys that are left out have their defaults.
  ///
  /// - Parameter file: the name that errors show.
  /// - Throws: `.unparsable` if it is no TOML, else `.invalid` with every problem: unknown keys (with the
  ///   nearest valid one), wrong types, values out of range, and settings that contradict each other.
  public init(toml text: String, file: String) throws(ConfigurationError) {
    let document = try TOMLDocument(text, file: file)
    var decoder = ConfigurationDecoder(document)
    decoder.decode()
    guard decoder.problems.isEmpty else {
      throw .invalid(file: file, problems: decoder.sortedProblems)
    }
    self = decoder.configuration
  }
}

/// Walks the keys of the schema and the keys of the file, and collects what does not fit.
struct ConfigurationDecoder {
  private let document: TOMLDocument
  private(set) var configuration = Configuration()
  private(set) var problems: [ConfigurationProblem] = []

  init(_ document: TOMLDocument) {
    self.document = document
  }

  /// In the order of the file; what has no place comes last.
  var sortedProblems: [ConfigurationProblem] {
    let nowhere = TextPosition(line: .max, column: 0)
    return problems.sorted { ($0.position ?? nowhere) < ($1.position ?? nowhere) }
  }

  mutating func decode() {
    for key in ConfigurationKey.all { assign(key) }
    reportUnknownKeys(in: document.root, at: [])
    for contradiction in configuration.contradictions where isStillTrue(contradiction) {
      // The key itself may have its default; then another that takes part stands in the file.
      let positions = ([contradiction.key] + contradiction.involved).compactMap { key in
        document.positions.values[key.split(separator: ".").map(String.init)]
      }
      problems.append(
        ConfigurationProblem(
          position: positions.first, text: "\(contradiction.key) \(contradiction.text)"))
    }
  }

  private mutating func assign(_ key: ConfigurationKey) {
    guard let node = node(at: key.components) else { return }
    guard let problem = key.assign(node, &configuration) else { return }
    let path = key.components + (problem.element.map { [$0] } ?? [])
    // A table has no value position of its own.
    let position =
      document.positions.values[path] ?? document.positions.values[key.components]
      ?? document.positions.keys[key.components]
    let gap = problem.element == nil ? " " : ""
    problems.append(ConfigurationProblem(position: position, text: "\(key.path)\(gap)\(problem.text)"))
  }

  private func node(at path: [String]) -> TOMLNode? {
    var table = document.root
    for component in path.dropLast() {
      guard case .table(let next) = table[component] else { return nil }
      table = next
    }
    return path.last.flatMap { table[$0] }
  }

  /// Reports keys that the schema does not have, and tables where it has none or something else.
  private mutating func reportUnknownKeys(in table: [String: TOMLNode], at path: [String]) {
    for (name, node) in table.sorted(by: { $0.key < $1.key }) {
      let here = path + [name]
      if ConfigurationKey.all.contains(where: { $0.components == here }) { continue }
      let isTable = ConfigurationKey.all.contains { $0.components.starts(with: here) }
      switch (isTable, node) {
      case (true, .table(let nested)):
        reportUnknownKeys(in: nested, at: here)
      case (true, _):
        report(here, "is \(node.typeName); it must be a table, written [\(here.joined(separator: "."))]")
      case (false, _):
        let kind: String
        if case .table = node { kind = "table" } else { kind = "key" }
        report(here, "is an unknown \(kind)\(Self.suggestion(for: here, isTable: kind == "table"))")
      }
    }
  }

  private mutating func report(_ path: [String], _ text: String) {
    problems.append(
      ConfigurationProblem(
        position: document.positions.keys[path], text: "\(path.joined(separator: ".")) \(text)"))
  }

  /// The nearest key of the same table, else of any; or where a key of this very name stands.
  private static func suggestion(for path: [String], isTable: Bool) -> String {
    guard let name = path.last else { return "" }
    let table = Array(path.dropLast())
    if isTable {
      let tables = ConfigurationKey.tables.map(\.name)
      return Nearest.match(path.joined(separator: "."), among: tables).map { "; did you mean [\($0)]?" } ?? ""
    }
    let siblings = ConfigurationKey.all.filter { Array($0.components.dropLast()) == table }
    if let near = Nearest.match(name, among: siblings.compactMap(\.components.last)) {
      return "; did you mean \((table + [near]).joined(separator: "."))?"
    }
    let namesakes = ConfigurationKey.all.filter { $0.components.last == name }.map(\.path)
    if !namesakes.isEmpty { return "; did you mean \(namesakes.joined(separator: " or "))?" }
    let near = Nearest.match(path.joined(separator: "."), among: ConfigurationKey.all.map(\.path))
    return near.map { "; did you mean \($0)?" } ?? ""
  }

  /// A contradiction that involves a key with a problem of its own is not worth a line.
  private func isStillTrue(_ contradiction: Contradiction) -> Bool {
    !contradiction.involved.contains { key in
      problems.contains { $0.text.hasPrefix(key + " ") }
    }
  }
}
