import ImageBuffers
import ImageCodecs
import Quantities
import Testing

@Suite struct JPEGTests {
  let encoder: JPEGEncoder
  let decoder: JPEGDecoder

  init() throws {
    encoder = try JPEGEncoder(quality: 95, chroma: .full)
    decoder = try JPEGDecoder()
  }

  @Test(arguments: [ImageSize(width: 64, height: 48), ImageSize(width: 33, height: 7)])
  func `a colour image survives the round trip`(size: ImageSize) throws {
    let image = gradient(size.width, size.height)
    let bytes = try encoder.encoded(image)
    #expect(try decoder.header(of: bytes.span.bytes) == JPEGHeader(size: size, subsampling: .none))
    let decoded = try decoder.decode(bytes.span.bytes)
    #expect(largestDifference(image, decoded) <= 8)
  }

  @Test func `a grey image survives the round trip`() throws {
    var plane = Plane<UInt8>(width: 40, height: 24)
    for y in 0..<24 {
      var row = plane.mutableRow(y)
      for x in 0..<40 { row[x] = UInt8(5 * x + y) }
    }
    let bytes = try encoder.encoded(grey: plane)
    #expect(try decoder.header(of: bytes.span.bytes).subsampling == .grey)
    let decoded = try decoder.decode(bytes.span.bytes)
    for y in 0..<24 {
      let row = decoded.bytes.row(y)
      for x in 0..<40 {
        #expect(abs(Int(row[3 * x]) - (5 * x + y)) <= 4)
        #expect(row[3 * x] == row[3 * x + 1] && row[3 * x] == row[3 * x + 2])
      }
    }
  }

  @Test func `an image decodes into a buffer of any of its decodable sizes`() throws {
    let bytes = try encoder.encoded(gradient(101, 50))
    let header = try decoder.header(of: bytes.span.bytes)
    #expect(header.decodableSizes.count == 8)
    for size in header.decodableSizes {
      var image = RGBImage(size: size)
      try decoder.decode(bytes.span.bytes, into: &image)
      let row = image.bytes.row(size.height / 2)
      #expect(row[0] < 20 && row[3 * (size.width - 1)] > 235, "left and right edge at \(size)")
    }
  }

  @Test func `the smallest size that still suffices is chosen`() {
    let full = ImageSize(width: 1280, height: 720)
    #expect(full.smallestJPEGSize(atLeast: ImageSize(width: 640, height: 192)).width == 640)
    #expect(full.smallestJPEGSize(atLeast: ImageSize(width: 641, height: 192)).width == 800)
    #expect(full.smallestJPEGSize(atLeast: ImageSize(width: 100, height: 400)).height == 450)
    #expect(full.smallestJPEGSize(atLeast: ImageSize(width: 1281, height: 1)) == full)
  }

  @Test func `a buffer of an impossible size is refused`() throws {
    let bytes = try encoder.encoded(gradient(64, 48))
    var image = RGBImage(size: ImageSize(width: 63, height: 48))
    let error = #expect(throws: ImageCodecError.self) {
      try decoder.decode(bytes.span.bytes, into: &image)
    }
    #expect(
      error
        == .sizeMismatch(
          .jpeg, found: ImageSize(width: 64, height: 48), wanted: ImageSize(width: 63, height: 48)))
  }

  @Test func `a truncated image is refused wherever it is cut`() throws {
    let bytes = try encoder.encoded(gradient(64, 48))
    for count in stride(from: 0, to: bytes.count - 1, by: 13) {
      let cut = Array(bytes[..<count])
      #expect(throws: ImageCodecError.self) { _ = try decoder.decode(cut.span.bytes) }
    }
    let intact = try decoder.decode(bytes.span.bytes)
    #expect(intact.size.width == 64, "the decoder still works after errors")
  }

  @Test func `text is not an image`() throws {
    let bytes = Array("hello, world; this is no picture".utf8)
    let error = #expect(throws: ImageCodecError.self) { _ = try decoder.decode(bytes.span.bytes) }
    guard case .notAnImage(.jpeg, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `fill bytes before the end marker are tolerated`() throws {
    var bytes = try encoder.encoded(gradient(64, 48))
    bytes.insert(contentsOf: [0, 0, 0, 0], at: bytes.count - 2)
    let decoded = try decoder.decode(bytes.span.bytes)
    #expect(largestDifference(gradient(64, 48), decoded) <= 8)
  }

  @Test func `a frame without Huffman tables gets the standard ones`() throws {
    let complete = try encoder.encoded(gradient(64, 48))
    let bare = withoutHuffmanTables(complete)
    #expect(bare.count < complete.count - 400)
    let fromBare = try decoder.decode(bare.span.bytes)
    let fromComplete = try decoder.decode(complete.span.bytes)
    #expect(largestDifference(fromBare, fromComplete) == 0)
  }

  @Test func `the frame is found before trailing bytes`() {
    let frame: [UInt8] = [0xFF, 0xD8, 1, 2, 0xFF, 0xD9]
    let padded = frame + [UInt8](repeating: 0, count: 50)
    padded.withUnsafeBytes { #expect(JPEGMarkers.trimmedFrame($0)?.count == 6) }
    [0xFF, 0xD8, 1, 2].withUnsafeBytes { #expect(JPEGMarkers.trimmedFrame($0) == nil) }
    [0x00, 0xD8, 0xFF, 0xD9].withUnsafeBytes { #expect(JPEGMarkers.trimmedFrame($0) == nil) }
  }

  @Test func `the output buffer is reused`() throws {
    let first = try encoder.encode(gradient(64, 48)).baseAddress
    let second = try encoder.encode(gradient(64, 48)).baseAddress
    #expect(first == second)
  }
}
