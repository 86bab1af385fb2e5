import TOMLKit

/// A TOML value as a Swift value; the only form the rest of the module sees.
enum TOMLNode: Equatable {
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([TOMLNode])
  case table([String: TOMLNode])
  /// Dates and times, which no setting uses.
  case time

  /// What it is, for a person.
  var typeName: String {
    switch self {
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .text: "text"
    case .list: "a list"
    case .table: "a table"
    case .time: "a date or time"
    }
  }
}

/// A parsed TOML file: its values, and where each of them stands.
struct TOMLDocument {
  let root: [String: TOMLNode]
  let positions: TOMLPositions

  /// - Throws: `.unparsable` with TOMLKit's position.
  init(_ text: String, file: String) throws(ConfigurationError) {
    // The parser takes a C string, which would end there without a word.
    if let nul = TextPosition(ofFirst: "\0", in: text) {
      throw .unparsable(file: file, position: nul, problem: "the file contains a NUL byte")
    }
    do {
      let table = try TOMLTable(string: text)
      root = Self.convert(table)
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      throw .unparsable(
        file: file, position: TextPosition(line: begin.line, column: begin.column),
        problem: error.description)
    } catch {
      throw .unparsable(file: file, position: TextPosition(line: 1, column: 1), problem: "\(error)")
    }
    positions = TOMLPositions(text)
  }

  private static func convert(_ table: TOMLTable) -> [String: TOMLNode] {
    var nodes: [String: TOMLNode] = [:]
    for (key, value) in table { nodes[key] = convert(value) }
    return nodes
  }

  private static func convert(_ value: any TOMLValueConvertible) -> TOMLNode {
    switch value.type {
    case .bool: value.bool.map(TOMLNode.boolean) ?? .time
    case .int: value.int.map(TOMLNode.integer) ?? .time
    case .double: value.double.map(TOMLNode.number) ?? .time
    case .string: value.string.map(TOMLNode.text) ?? .time
    case .array: .list((value.array.map { array in array.map { convert($0) } }) ?? [])
    case .table: .table(value.table.map { convert($0) } ?? [:])
    case .date, .time, .dateTime: .time
    }
  }
}
