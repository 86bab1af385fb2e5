/// A place in a text: line and column, 1-based, columns counted in Unicode scalars.
public struct TextPosition: Hashable, Sendable, Comparable {
  public let line: Int
  public let column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Where a character first stands; nil if it does not.
  init?(ofFirst scalar: Unicode.Scalar, in text: String) {
    var line = 1
    var column = 1
    for next in text.unicodeScalars {
      if next == scalar {
        self.init(line: line, column: column)
        return
      }
      (line, column) = next == "\n" ? (line + 1, 1) : (line, column + 1)
    }
    return nil
  }

  public static func < (left: TextPosition, right: TextPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// Where the keys and values of a TOML text stand, by key path; list elements by their index.
///
/// TOMLKit gives positions of syntax errors only, so this walks a text it has already accepted. It
/// understands tables, dotted and quoted keys, inline tables, lists and all four kinds of strings; of
/// repeated paths (arrays of tables) the first counts.
struct TOMLPositions {
  private(set) var keys: [[String]: TextPosition] = [:]
  private(set) var values: [[String]: TextPosition] = [:]

  init(_ text: String) {
    var scanner = TOMLScanner(text)
    var table: [String] = []
    while scanner.skipToNextItem() {
      if scanner.take("[") {
        let isArray = scanner.take("[")
        guard let key = scanner.key() else { return }
        record(key, under: [])
        table = key.path
        guard scanner.take("]"), !isArray || scanner.take("]") else { return }
      } else {
        guard pair(&scanner, under: table) else { return }
      }
    }
  }

  private mutating func record(_ key: TOMLScanner.Key, under table: [String]) {
    for count in 1...key.path.count {
      let path = table + key.path.prefix(count)
      if keys[path] == nil { keys[path] = key.positions[count - 1] }
    }
  }

  /// One `key = value`; false if the text is not understood.
  private mutating func pair(_ scanner: inout TOMLScanner, under table: [String]) -> Bool {
    guard let key = scanner.key() else { return false }
    record(key, under: table)
    scanner.skipBlanks()
    guard scanner.take("=") else { return false }
    return value(&scanner, at: table + key.path)
  }

  private mutating func value(_ scanner: inout TOMLScanner, at path: [String]) -> Bool {
    scanner.skipBlanks()
    if values[path] == nil { values[path] = scanner.position }
    if scanner.take("[") {
      var index = 0
      while scanner.skipToNextItem(), !scanner.take("]") {
        guard value(&scanner, at: path + [String(index)]) else { return false }
        index += 1
        _ = scanner.skipToNextItem()
        _ = scanner.take(",")
      }
      return true
    }
    if scanner.take("{") {
      while scanner.skipToNextItem(), !scanner.take("}") {
        guard pair(&scanner, under: path) else { return false }
        _ = scanner.skipToNextItem()
        _ = scanner.take(",")
      }
      return true
    }
    return scanner.skipScalarValue()
  }
}
