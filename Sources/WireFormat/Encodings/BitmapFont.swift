public import ImageBuffers
import Quantities

/// A 5x7 pixel font for the few characters a legend needs.
public enum BitmapFont {
  public static let glyphWidth = 5
  public static let glyphHeight = 7
  /// Pixels from one character to the next.
  public static let advance = 6

  /// Seven rows of five bits, the leftmost pixel in bit 4.
  private static func rows(of character: UInt8) -> InlineArray<7, UInt8> {
    switch character {
    case UInt8(ascii: "0"): [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]
    case UInt8(ascii: "1"): [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]
    case UInt8(ascii: "2"): [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111]
    case UInt8(ascii: "3"): [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110]
    case UInt8(ascii: "4"): [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]
    case UInt8(ascii: "5"): [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]
    case UInt8(ascii: "6"): [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]
    case UInt8(ascii: "7"): [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]
    case UInt8(ascii: "8"): [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]
    case UInt8(ascii: "9"): [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]
    case UInt8(ascii: "."): [0, 0, 0, 0, 0, 0b01100, 0b01100]
    case UInt8(ascii: "m"): [0, 0, 0b11010, 0b10101, 0b10101, 0b10001, 0b10001]
    case UInt8(ascii: "u"): [0, 0, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101]
    default: [0, 0, 0, 0, 0, 0, 0]
    }
  }

  /// Draws `text` in white with its left upper corner at (x, y); what lies outside the image is left out.
  public static func draw(_ text: String, into image: inout RGBImage, x: Int, y: Int) {
    var left = x
    for character in text.utf8 {
      let glyph = rows(of: character)
      for row in 0..<glyphHeight {
        for column in 0..<glyphWidth where glyph[row] & (UInt8(16) >> UInt8(column)) != 0 {
          set(&image, x: left + column, y: y + row)
        }
      }
      left += advance
    }
  }

  /// Width of `text` in pixels.
  public static func width(of text: String) -> Int { max(0, text.utf8.count * advance - 1) }

  private static func set(_ image: inout RGBImage, x: Int, y: Int) {
    guard x >= 0, y >= 0, x < image.size.width, y < image.size.height else { return }
    let pixel = image.bytes.baseAddress + y * image.bytes.rowStride + 3 * x
    pixel.update(repeating: 255, count: 3)
  }
}
