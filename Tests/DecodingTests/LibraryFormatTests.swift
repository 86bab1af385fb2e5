import Decoding
import ImageBuffers
import Quantities
import Testing

@Suite struct LibraryFormatTests {
  let size = ImageSize(width: 38, height: 6)

  private func format(_ name: String, bytesPerLine: Int) throws -> CaptureFormat {
    CaptureFormat(pixelFormat: try #require(PixelFormat(name)), size: size, bytesPerLine: bytesPerLine)
  }

  @Test func `RGB and BGR come out in the right order`() throws {
    let bytes = noise(3 * size.pixelCount)
    let rgb = try decode(bytes, format("RGB3", bytesPerLine: 3 * size.width))
    let bgr = try decode(bytes, format("BGR3", bytesPerLine: 3 * size.width))
    for y in 0..<size.height {
      let (left, right) = (rgb.bytes.row(y), bgr.bytes.row(y))
      for x in 0..<size.width {
        let source = 3 * (y * size.width + x)
        #expect((0..<3).map { left[3 * x + $0] } == Array(bytes[source..<(source + 3)]))
        #expect((0..<3).map { right[3 * x + $0] } == Array(bytes[source..<(source + 3)].reversed()))
      }
    }
  }

  @Test func `a short frame is corrupt`() throws {
    let format = try format("RGBP", bytesPerLine: 2 * size.width)
    #expect(throws: DecodingError.self) { _ = try decode(noise(100), format) }
    #expect(throws: DecodingError.self) { _ = try decode([], format) }
  }

  @Test func `a short frame of a large format is not read past its end`() throws {
    let size = ImageSize(width: 4096, height: 2160)
    let format = CaptureFormat(
      pixelFormat: try #require(PixelFormat("BGR3")), size: size, bytesPerLine: 3 * size.width)
    #expect(throws: DecodingError.self) { _ = try decode([1, 2, 3], format) }
  }

  @Test func `a format nobody knows is refused when the decoder is made`() throws {
    let format = try format("H264", bytesPerLine: 0)
    #expect(throws: DecodingError.unsupportedFormat(format.pixelFormat)) {
      _ = try FrameDecoder(format)
    }
  }

  @Test(arguments: ["YUYV", "NV12", "Y16", "BA81"])
  func `names and codes of formats convert both ways`(name: String) throws {
    let format = try #require(PixelFormat(name))
    #expect(format.description == name)
    #expect(PixelFormat(code: format.code) == format)
  }

  @Test func `MJPEG is another name of MJPG and nonsense is refused`() {
    #expect(PixelFormat("MJPEG") == .mjpg)
    #expect(PixelFormat("") == nil)
    #expect(PixelFormat("YUYV2") == nil)
    #expect(PixelFormat(code: 1).description == "0x1")
  }
}
