import Decoding
import ImageBuffers
import ImageCodecs
import Quantities
import Testing

@Suite struct CompressedFormatTests {
  static let size = ImageSize(width: 160, height: 96)
  let format = CaptureFormat(pixelFormat: .mjpg, size: size, bytesPerLine: 0)
  let frame: [UInt8]

  init() throws {
    let image = RGBImage(size: Self.size)
    for y in 0..<Self.size.height {
      for x in 0..<Self.size.width {
        let pixel = image.bytes.baseAddress + y * image.bytes.rowStride + 3 * x
        pixel[0] = UInt8(x)
        pixel[1] = UInt8(2 * y)
        pixel[2] = 90
      }
    }
    frame = try JPEGEncoder(quality: 95).encoded(image)
  }

  @Test func `a frame with trailing bytes decodes`() throws {
    let image = try decode(frame + [UInt8](repeating: 0, count: 700), format)
    let row = image.bytes.row(48)
    #expect(abs(Int(row[3 * 80]) - 80) < 10 && abs(Int(row[3 * 80 + 1]) - 96) < 10)
  }

  @Test func `a frame without a start or end marker is corrupt`() throws {
    let noEnd = Array(frame.dropLast(2))
    #expect(throws: DecodingError.corrupt(.mjpg, reason: .incompleteJPEG(bytes: noEnd.count))) {
      _ = try decode(noEnd, format)
    }
    let noStart = Array(frame.dropFirst(1))
    #expect(throws: DecodingError.corrupt(.mjpg, reason: .incompleteJPEG(bytes: noStart.count))) {
      _ = try decode(noStart, format)
    }
  }

  @Test func `a frame with a hole in its middle is corrupt`() throws {
    var holed = frame
    holed.removeSubrange((frame.count / 2)..<(frame.count / 2 + 300))
    #expect(throws: DecodingError.self) { _ = try decode(holed, format) }
  }

  @Test func `a large frame is decoded at the scale that suffices`() throws {
    let decoder = try FrameDecoder(format, neededSize: ImageSize(width: 70, height: 40))
    #expect(decoder.outputSize == ImageSize(width: 80, height: 48))
    var image = RGBImage(size: decoder.outputSize)
    try frame.withUnsafeBytes { try decoder.decode($0, into: &image) }
    let row = image.bytes.row(24)
    #expect(abs(Int(row[3 * 40]) - 80) < 10)
  }

  @Test func `a camera that sends another size than it promised is noticed`() throws {
    let other = CaptureFormat(
      pixelFormat: .mjpg, size: ImageSize(width: 320, height: 240), bytesPerLine: 0)
    #expect(throws: DecodingError.self) { _ = try decode(frame, other) }
  }
}
