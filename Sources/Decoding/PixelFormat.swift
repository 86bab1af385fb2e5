/// How a camera lays out pixels in memory: the four-character code of Video4Linux.
public struct PixelFormat: Hashable, Sendable, CustomStringConvertible {
  /// The four characters, first one in the lowest byte, as `v4l2_fourcc` makes it.
  public let code: UInt32

  public init(code: UInt32) {
    self.code = code
  }

  /// From its four characters, for example `YUYV`; shorter names are padded with spaces (`Y16 `), and `MJPEG`
  /// is taken for `MJPG`.
  ///
  /// Nil for anything that is not one to four printable ASCII characters.
  public init?(_ name: String) {
    if name == "MJPEG" {
      self = .mjpg
      return
    }
    let characters = Array(name.utf8)
    guard (1...4).contains(characters.count), characters.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return nil
    }
    var code: UInt32 = 0
    for index in 0..<4 {
      let character = index < characters.count ? characters[index] : 0x20
      code |= UInt32(character) << UInt32(8 * index)
    }
    self.code = code
  }

  private init(_ a: Character, _ b: Character, _ c: Character, _ d: Character) {
    let bytes = [a, b, c, d].map { UInt32($0.asciiValue ?? 0x20) }
    self.code = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24
  }

  /// Packed 4:2:2, Y0 U Y1 V.
  public static let yuyv = PixelFormat("Y", "U", "Y", "V")
  /// Packed 4:2:2, U Y0 V Y1.
  public static let uyvy = PixelFormat("U", "Y", "V", "Y")
  /// Packed 4:2:2, Y0 V Y1 U.
  public static let yvyu = PixelFormat("Y", "V", "Y", "U")
  /// Packed 4:2:2, V Y0 U Y1.
  public static let vyuy = PixelFormat("V", "Y", "U", "Y")
  /// Planar Y, then interleaved U V at half size in both directions.
  public static let nv12 = PixelFormat("N", "V", "1", "2")
  /// Planes Y, U, V; chroma at half size in both directions.
  public static let yu12 = PixelFormat("Y", "U", "1", "2")
  /// Planes Y, V, U; chroma at half size in both directions.
  public static let yv12 = PixelFormat("Y", "V", "1", "2")
  /// Planes Y, U, V; chroma at half width.
  public static let planar422 = PixelFormat("4", "2", "2", "P")
  /// Eight-bit luma only.
  public static let grey = PixelFormat("G", "R", "E", "Y")
  /// One JPEG image per frame, often without Huffman tables.
  public static let mjpg = PixelFormat("M", "J", "P", "G")
  /// One complete JPEG image per frame.
  public static let jpeg = PixelFormat("J", "P", "E", "G")

  /// Whether this package decodes the format itself; every other one goes through libv4lconvert.
  public var isNative: Bool { isCompressed || Self.plain.contains(self) }

  private static let plain: Set<PixelFormat> = [
    .yuyv, .uyvy, .yvyu, .vyuy, .nv12, .yu12, .yv12, .planar422, .grey,
  ]

  /// Whether frames are JPEG images.
  public var isCompressed: Bool { self == .mjpg || self == .jpeg }

  /// The four characters without trailing spaces; the code in hexadecimal when they are not printable.
  public var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> UInt32(8 * $0)) }
    guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return "0x" + String(code, radix: 16)
    }
    var text = String(decoding: bytes, as: UTF8.self)
    while text.last == " " { text.removeLast() }
    return text
  }
}
