public import Quantities

/// Why a text describes no signal.
public struct CANSignalTextError: ReportableError, Equatable {
  public let description: String

  public var severity: ErrorSeverity { .stop }
}

extension CANSignal: CustomStringConvertible {
  /// The form of a signal's text, for messages.
  public static let form =
    "\"ID START|LENGTH@ORDER± (SCALE,OFFSET) [MIN|MAX] UNIT valid BIT counter START|LENGTH@ORDER\""

  /// Reads a signal as a DBC file writes it, after the identifier of its frame:
  /// `0x1A0 7|16@0+ (0.01,0) [0|300] km/h valid 32 counter 48|4@0`.
  ///
  /// Range, `valid` and `counter` may be left out. `@1` is Intel, `@0` Motorola; `+` is unsigned, `-` signed. The bit
  /// of `valid` must be 1, or 0 when it is written `valid 32=0`.
  public init(text: String) throws(CANSignalTextError) {
    var words = text.split(separator: " ").map(String.init)
    func next(_ what: String) throws(CANSignalTextError) -> String {
      guard !words.isEmpty else { throw CANSignalTextError(description: "lacks \(what)") }
      return words.removeFirst()
    }
    let identifier = try Self.identifier(next("the frame's identifier"))
    let (field, isSigned) = try Self.signedField(next("the place START|LENGTH@ORDER±"))
    let (scale, offset) = try Self.pair(
      next("the factor (SCALE,OFFSET)"), in: "(,)", what: "the factor", form: "(SCALE,OFFSET)")
    guard scale != 0 else {
      throw CANSignalTextError(description: "has scale 0, so every value would be the same")
    }
    var unitWord = try next("the unit")
    var range: ClosedRange<Double>?
    if unitWord.hasPrefix("[") {
      let (low, high) = try Self.pair(unitWord, in: "[|]", what: "the range", form: "[MIN|MAX]")
      guard low <= high else {
        throw CANSignalTextError(description: "has the range \(unitWord), whose end is before its start")
      }
      // DBC files write [0|0] where nobody filled it in.
      range = low < high ? low...high : nil
      unitWord = try next("the unit")
    }
    guard let unit = CANUnit(text: unitWord.filter { $0 != "\"" }) else {
      let known = CANUnit.allCases.map(\.rawValue).joined(separator: ", ")
      throw CANSignalTextError(description: "has the unit \"\(unitWord)\"; known are \(known)")
    }
    self.init(
      identifier: identifier, field: field, isSigned: isSigned, scale: scale, offset: offset, range: range,
      unit: unit)
    while !words.isEmpty {
      let word = words.removeFirst()
      switch word {
      case "valid": validity = try Self.validity(next("the bit after \"valid\""))
      case "counter": counter = try Self.field(next("the place after \"counter\""))
      default:
        throw CANSignalTextError(
          description: "has \"\(word)\", where only \"valid\" or \"counter\" may follow")
      }
    }
  }

  /// The text it is read from, in one form.
  public var description: String {
    var words = ["\(identifier)", "\(field)\(isSigned ? "-" : "+")", "(\(scale),\(offset))"]
    if let range { words.append("[\(range.lowerBound)|\(range.upperBound)]") }
    words.append(unit.rawValue)
    if let validity { words += ["valid", "\(validity.bit.start)\(validity.whenValid == 0 ? "=0" : "")"] }
    if let counter { words += ["counter", "\(counter)"] }
    return words.joined(separator: " ")
  }

  private static func identifier(_ word: String) throws(CANSignalTextError) -> CANIdentifier {
    guard let identifier = CANIdentifier(text: word) else {
      throw CANSignalTextError(
        description: """
          has the identifier "\(word)"; it must be 0x and three hexadecimal digits up to 0x7FF, or eight for an \
          extended one up to 0x1FFFFFFF
          """)
    }
    return identifier
  }

  private static func signedField(
    _ word: String
  ) throws(CANSignalTextError) -> (field: CANBitField, isSigned: Bool) {
    guard let sign = word.last, sign == "+" || sign == "-" else {
      throw CANSignalTextError(
        description:
          "has the place \"\(word)\"; it must end in + (unsigned) or - (signed), for example 7|16@0+")
    }
    return (try field(String(word.dropLast())), sign == "-")
  }

  private static func field(_ word: String) throws(CANSignalTextError) -> CANBitField {
    let parts = word.split(whereSeparator: { $0 == "|" || $0 == "@" })
    guard parts.count == 3, word.contains("|"), let start = Int(parts[0]), let length = Int(parts[1]),
      let order = Int(parts[2]).flatMap(CANBitField.ByteOrder.init)
    else {
      throw CANSignalTextError(
        description:
          "has the place \"\(word)\"; it must be START|LENGTH@1 (Intel) or START|LENGTH@0 (Motorola)")
    }
    guard let field = CANBitField(start: start, length: length, byteOrder: order) else {
      throw CANSignalTextError(
        description: "has the place \"\(word)\", which reaches beyond the 64 bits of a frame")
    }
    return field
  }

  private static func validity(_ word: String) throws(CANSignalTextError) -> Validity {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count <= 2, let start = Int(parts[0]),
      let bit = CANBitField(start: start, length: 1, byteOrder: .intel),
      let state = parts.count == 1 ? 1 : UInt64(parts[1]), state <= 1
    else {
      throw CANSignalTextError(description: "has \"valid \(word)\"; it must be a bit from 0 to 63, or BIT=0")
    }
    return Validity(bit: bit, whenValid: state)
  }

  /// Two numbers between the marks `open`, `separator`, `close`.
  private static func pair(
    _ word: String, in marks: String, what: String, form: String
  ) throws(CANSignalTextError) -> (Double, Double) {
    let marks = Array(marks)
    let numbers = word.dropFirst().dropLast().split(separator: marks[1], omittingEmptySubsequences: false)
      .compactMap { Double($0) }
    guard word.first == marks[0], word.last == marks[2], numbers.count == 2, numbers.allSatisfy(\.isFinite)
    else {
      throw CANSignalTextError(description: "has \(what) \"\(word)\"; it must be \(form) without spaces")
    }
    return (numbers[0], numbers[1])
  }
}
