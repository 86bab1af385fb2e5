/// Walks over the characters of a TOML text and knows where it is.
struct TOMLScanner {
  /// A dotted key, with the position of each part.
  struct Key {
    var path: [String] = []
    var positions: [TextPosition] = []
  }

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var line = 1
  private var column = 1

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
  }

  var position: TextPosition { TextPosition(line: line, column: column) }

  private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  private mutating func advance() {
    if next == "\n" {
      line += 1
      column = 1
    } else {
      column += 1
    }
    index += 1
  }

  /// Skips one character if it is this one.
  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    advance()
    return true
  }

  mutating func skipBlanks() {
    while next == " " || next == "\t" { advance() }
  }

  /// Skips white space, line ends and comments; false at the end of the text.
  mutating func skipToNextItem() -> Bool {
    while let scalar = next {
      switch scalar {
      case " ", "\t", "\n", "\r", "\u{FEFF}":
        advance()
      case "#":
        while let inside = next, inside != "\n" {
          _ = inside
          advance()
        }
      default:
        return true
      }
    }
    return false
  }

  /// A bare, quoted or dotted key; nil if there is none.
  mutating func key() -> Key? {
    var key = Key()
    repeat {
      skipBlanks()
      key.positions.append(position)
      guard let part = keyPart() else { return nil }
      key.path.append(part)
      skipBlanks()
    } while take(".")
    return key
  }

  private mutating func keyPart() -> String? {
    if next == "\"" || next == "'" { return quotedText() }
    var part = String.UnicodeScalarView()
    while let scalar = next, Self.isBareKey(scalar) {
      part.append(scalar)
      advance()
    }
    return part.isEmpty ? nil : String(part)
  }

  private static func isBareKey(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || scalar == "_" || scalar == "-"
  }

  /// Skips a string, number, boolean or time; false at the end of the text.
  mutating func skipScalarValue() -> Bool {
    guard let first = next else { return false }
    if first == "\"" || first == "'" { return quotedText() != nil }
    while let scalar = next, !",]}#\n\r".unicodeScalars.contains(scalar) { advance() }
    return true
  }

  /// The content of a string of one of the four kinds; nil if it does not end.
  private mutating func quotedText() -> String? {
    guard let quote = next else { return nil }
    let isMultiline = scalars[index...].starts(with: [quote, quote, quote])
    for _ in 0..<(isMultiline ? 3 : 1) { advance() }
    var content = String.UnicodeScalarView()
    while let scalar = next {
      if scalar == quote, closes(quote, isMultiline: isMultiline) { return String(content) }
      advance()
      if scalar == "\\", quote == "\"" {
        content.append(contentsOf: escape())
      } else {
        content.append(scalar)
      }
    }
    return nil
  }

  /// Skips the closing quotes if they stand here.
  ///
  /// Up to two quotes may belong to a multi-line string's end.
  private mutating func closes(_ quote: Unicode.Scalar, isMultiline: Bool) -> Bool {
    guard isMultiline else {
      advance()
      return true
    }
    guard scalars[index...].starts(with: [quote, quote, quote]) else { return false }
    while next == quote { advance() }
    return true
  }

  /// The character meant by an escape, after its backslash.
  ///
  /// Line-ending escapes give nothing.
  private mutating func escape() -> [Unicode.Scalar] {
    guard let kind = next else { return [] }
    advance()
    switch kind {
    case "n": return ["\n"]
    case "t": return ["\t"]
    case "r": return ["\r"]
    case "b": return ["\u{8}"]
    case "f": return ["\u{c}"]
    case "u", "U":
      var digits = ""
      for _ in 0..<(kind == "u" ? 4 : 8) {
        guard let digit = next else { break }
        digits.unicodeScalars.append(digit)
        advance()
      }
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map { [$0] } ?? []
    case "\n", "\r", " ", "\t": return []
    default: return [kind]
    }
  }
}
