import ImageBuffers
import ImageCodecs
import Quantities
import Testing

@Suite struct PNGTests {
  @Test(arguments: [ImageSize(width: 1, height: 1), ImageSize(width: 45, height: 31)])
  func `a colour image comes back unchanged`(size: ImageSize) throws {
    let image = gradient(size.width, size.height)
    let bytes = try PNGEncoder.encode(image)
    #expect(
      try PNGDecoder.header(of: bytes.span.bytes) == PNGHeader(size: size, bitDepth: 8, isGrey: false))
    let decoded = try PNGDecoder.decodeRGB(bytes.span.bytes)
    #expect(largestDifference(image, decoded) == 0)
  }

  @Test func `sixteen-bit values come back unchanged`() throws {
    let plane = ramp()
    for compression in [0, 1, 9] {
      let bytes = try PNGEncoder.encode(grey16: plane, compression: compression)
      let decoded = try PNGDecoder.decodeGrey16(bytes.span.bytes)
      for y in 0..<plane.height {
        let (before, after) = (plane.row(y), decoded.row(y))
        for x in 0..<before.count { #expect(before[x] == after[x]) }
      }
    }
  }

  @Test func `sixteen-bit samples are big-endian in the file`() throws {
    // A 1x1 grey 16-bit PNG of the value 0x1234, made by hand from the specification.
    let file: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A,
      0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 16, 0, 0, 0, 0, 0x6A, 0xD7, 0xCE, 0x5E,
    ]
    var plane = Plane<UInt16>(width: 1, height: 1)
    plane.fill(0x1234)
    let encoded = try PNGEncoder.encode(grey16: plane, compression: 0)
    #expect(Array(encoded[..<29]) == Array(file[..<29]))
    // Stored deflate block: filter byte 0, then the high byte first.
    let data = try #require(offset(of: [0x49, 0x44, 0x41, 0x54], in: encoded))
    #expect(Array(encoded[(data + 11)..<(data + 14)]) == [0, 0x12, 0x34])
  }

  @Test func `a colour file is not taken for a depth map`() throws {
    let bytes = try PNGEncoder.encode(gradient(4, 4))
    let error = #expect(throws: ImageCodecError.self) {
      _ = try PNGDecoder.decodeGrey16(bytes.span.bytes)
    }
    #expect(error == .unsupported(.png, found: "8-bit colour", wanted: "16-bit grey"))
  }

  @Test func `a plane of another size is refused`() throws {
    let bytes = try PNGEncoder.encode(grey16: ramp())
    var plane = Plane<UInt16>(width: 8, height: 8)
    #expect(throws: ImageCodecError.self) { try PNGDecoder.decodeGrey16(bytes.span.bytes, into: &plane) }
  }

  @Test func `a truncated file is refused wherever it is cut`() throws {
    let bytes = try PNGEncoder.encode(grey16: ramp())
    for count in stride(from: 0, to: bytes.count, by: 7) {
      let cut = Array(bytes[..<count])
      #expect(throws: ImageCodecError.self) { _ = try PNGDecoder.decodeGrey16(cut.span.bytes) }
    }
  }

  @Test func `a flipped bit is noticed`() throws {
    var bytes = try PNGEncoder.encode(gradient(45, 31))
    bytes[bytes.count / 2] ^= 0x10
    #expect(throws: ImageCodecError.self) { _ = try PNGDecoder.decodeRGB(bytes.span.bytes) }
  }

  private func ramp() -> Plane<UInt16> {
    var plane = Plane<UInt16>(width: 37, height: 19)
    for y in 0..<19 {
      var row = plane.mutableRow(y)
      for x in 0..<37 { row[x] = UInt16(truncatingIfNeeded: 93 * (y * 37 + x)) }
    }
    return plane
  }

  private func offset(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
    (0...(bytes.count - pattern.count)).first { Array(bytes[$0..<($0 + pattern.count)]) == pattern }
  }
}
