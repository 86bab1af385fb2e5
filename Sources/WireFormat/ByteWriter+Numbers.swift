/// Decimal numbers without allocation: `Double.description` and `snprintf` through `CVarArg` both build
/// heap objects.
extension ByteWriter {
  static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
  ]

  /// Digits kept of a number that is not whole; more than a Float holds (9), fewer than make noise visible.
  private static let significantDigits = 12

  mutating func append(decimal value: UInt64) {
    append(digits: value, decimals: 0)
  }

  mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(digits: value.magnitude, decimals: 0)
  }

  /// A JSON number with up to 12 significant digits; whole numbers below 1e15 are written in full.
  /// - Precondition: `value` is finite; JSON has no word for anything else.
  mutating func append(decimal value: Double) {
    precondition(value.isFinite, "JSON carries finite numbers only")
    if value < 0 { append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    if magnitude < 1e15, magnitude == magnitude.rounded(.towardZero) {
      append(digits: UInt64(magnitude), decimals: 0)
    } else if magnitude >= 1e-6 && magnitude < 1e12 {
      appendFixed(magnitude)
    } else {
      appendScientific(magnitude)
    }
  }

  private mutating func appendFixed(_ magnitude: Double) {
    var integerDigits = 0
    if magnitude >= 1 {
      while magnitude >= Self.powersOfTen[integerDigits] { integerDigits += 1 }
    } else {
      while magnitude * Self.powersOfTen[1 - integerDigits] < 1 { integerDigits -= 1 }
    }
    var decimals = Self.significantDigits - integerDigits
    var digits = UInt64((magnitude * Self.powersOfTen[decimals]).rounded())
    while decimals > 0 && digits % 10 == 0 {
      digits /= 10
      decimals -= 1
    }
    append(digits: digits, decimals: decimals)
  }

  private mutating func appendScientific(_ magnitude: Double) {
    var mantissa = magnitude
    var exponent: Int64 = 0
    while mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    appendFixed(mantissa)
    append(UInt8(ascii: "e"))
    append(decimal: exponent)
  }

  /// Writes `value`, its last `decimals` digits behind the point.
  private mutating func append(digits value: UInt64, decimals: Int) {
    var length = 1
    var rest = value / 10
    while rest > 0 {
      length += 1
      rest /= 10
    }
    length = max(length, decimals + 1)
    let width = decimals > 0 ? length + 1 : length
    let text = resize(to: count + width)
    var position = text.count - 1
    var remaining = value
    for digit in 0..<length {
      if decimals > 0 && digit == decimals {
        text[position] = UInt8(ascii: ".")
        position -= 1
      }
      text[position] = UInt8(ascii: "0") + UInt8(remaining % 10)
      remaining /= 10
      position -= 1
    }
  }
}
