import Decoding
import ImageBuffers
import Quantities
import Testing

@Suite struct NativeFormatTests {
  static let sizes = [
    ImageSize(width: 1, height: 1), ImageSize(width: 2, height: 2), ImageSize(width: 16, height: 3),
    ImageSize(width: 17, height: 5), ImageSize(width: 32, height: 2), ImageSize(width: 47, height: 4),
    ImageSize(width: 64, height: 6), ImageSize(width: 101, height: 7),
  ]

  @Test(arguments: sizes, [0, 24])
  func `packed 4:2:2 agrees with the formula for every width and stride`(size: ImageSize, padding: Int)
    throws
  {
    for (pixelFormat, order) in [
      (PixelFormat.yuyv, [0, 1, 2, 3]), (.uyvy, [1, 0, 3, 2]), (.yvyu, [0, 3, 2, 1]), (.vyuy, [1, 2, 3, 0]),
    ] {
      let stride = 4 * ((size.width + 1) / 2) + padding
      let bytes = noise(stride * size.height, seed: 7)
      let format = CaptureFormat(pixelFormat: pixelFormat, size: size, bytesPerLine: stride)
      let image = try decode(bytes, format)
      expect(image) { x, y in
        let group = y * stride + 4 * (x / 2)
        return exactColour(
          y: bytes[group + order[x % 2 == 0 ? 0 : 2]], u: bytes[group + order[1]],
          v: bytes[group + order[3]], kr: 0.299, kb: 0.114, isLimited: true)
      }
    }
  }

  @Test(arguments: sizes, [0, 24])
  func `NV12 agrees with the formula for every width and stride`(size: ImageSize, padding: Int) throws {
    let stride = 2 * ((size.width + 1) / 2) + padding
    let bytes = noise(stride * (size.height + (size.height + 1) / 2), seed: 9)
    let image = try decode(bytes, CaptureFormat(pixelFormat: .nv12, size: size, bytesPerLine: stride))
    expect(image) { x, y in
      let chroma = stride * size.height + stride * (y / 2) + (x & ~1)
      return exactColour(
        y: bytes[y * stride + x], u: bytes[chroma], v: bytes[chroma + 1], kr: 0.299, kb: 0.114,
        isLimited: true)
    }
  }

  @Test(arguments: sizes, [0, 24])
  func `three planes agree with the formula for every width and stride`(size: ImageSize, padding: Int) throws
  {
    let stride = 2 * ((size.width + 1) / 2) + padding
    for (pixelFormat, rowsPerChroma) in [(PixelFormat.yu12, 2), (.yv12, 2), (.planar422, 1)] {
      let chromaBytes = stride / 2 * ((size.height + rowsPerChroma - 1) / rowsPerChroma)
      let bytes = noise(stride * size.height + 2 * chromaBytes, seed: 10)
      let image = try decode(
        bytes, CaptureFormat(pixelFormat: pixelFormat, size: size, bytesPerLine: stride))
      let first = stride * size.height
      let planes = pixelFormat == .yv12 ? [first + chromaBytes, first] : [first, first + chromaBytes]
      expect(image) { x, y in
        let offset = stride / 2 * (y / rowsPerChroma) + x / 2
        return exactColour(
          y: bytes[y * stride + x], u: bytes[planes[0] + offset], v: bytes[planes[1] + offset], kr: 0.299,
          kb: 0.114, isLimited: true)
      }
    }
  }

  @Test(arguments: sizes, [0, 24])
  func `grey is repeated in all three channels`(size: ImageSize, padding: Int) throws {
    let stride = size.width + padding
    let bytes = noise(stride * size.height, seed: 11)
    let full = CaptureFormat(pixelFormat: .grey, size: size, bytesPerLine: stride, range: .full)
    let image = try decode(bytes, full)
    expect(image) { x, y in [Double](repeating: Double(bytes[y * stride + x]), count: 3) }
  }

  @Test(arguments: ColourEncoding.allCases, QuantizationRange.allCases)
  func `colour standards and ranges are honoured`(encoding: ColourEncoding, range: QuantizationRange) throws {
    let size = ImageSize(width: 40, height: 8)
    let bytes = noise(80 * 8, seed: 13)
    let format = CaptureFormat(
      pixelFormat: .yuyv, size: size, bytesPerLine: 80, encoding: encoding, range: range)
    let weights: (kr: Double, kb: Double) =
      switch encoding {
      case .bt601: (0.299, 0.114)
      case .bt709: (0.2126, 0.0722)
      case .bt2020: (0.2627, 0.0593)
      }
    let image = try decode(bytes, format)
    expect(image) { x, y in
      let group = y * 80 + 4 * (x / 2)
      return exactColour(
        y: bytes[group + (x % 2) * 2], u: bytes[group + 1], v: bytes[group + 3], kr: weights.kr,
        kb: weights.kb, isLimited: range == .limited)
    }
  }

  @Test func `black and white are exact`() throws {
    let size = ImageSize(width: 2, height: 1)
    let format = CaptureFormat(pixelFormat: .yuyv, size: size, bytesPerLine: 4)
    let image = try decode([16, 128, 235, 128], format)
    let row = image.bytes.row(0)
    #expect((0..<6).map { row[$0] } == [0, 0, 0, 255, 255, 255])
  }

  @Test(arguments: [PixelFormat.yuyv, .uyvy, .nv12, .grey])
  func `a short buffer is refused and the last row needs no padding`(pixelFormat: PixelFormat) throws {
    let size = ImageSize(width: 20, height: 6)
    let format = CaptureFormat(pixelFormat: pixelFormat, size: size, bytesPerLine: 64)
    let rowBytes = pixelFormat == .yuyv || pixelFormat == .uyvy ? 40 : 20
    let rows = pixelFormat == .nv12 ? 9 : 6
    let needed = 64 * (rows - 1) + rowBytes
    _ = try decode(noise(needed), format)
    let error = #expect(throws: DecodingError.self) { _ = try decode(noise(needed - 1), format) }
    #expect(error == .corrupt(pixelFormat, reason: .short(bytes: needed - 1, needed: needed)))
    #expect(throws: DecodingError.self) { _ = try decode([], format) }
  }

  @Test func `rows shorter than the image are refused at once`() {
    let format = CaptureFormat(
      pixelFormat: .yuyv, size: ImageSize(width: 20, height: 6), bytesPerLine: 39)
    #expect(throws: DecodingError.badLayout(.yuyv, bytesPerLine: 39, needed: 40)) {
      _ = try FrameDecoder(format)
    }
  }

  @Test func `an image of another size is refused`() throws {
    let format = CaptureFormat(
      pixelFormat: .grey, size: ImageSize(width: 20, height: 6), bytesPerLine: 20)
    let decoder = try FrameDecoder(format)
    var image = RGBImage(size: ImageSize(width: 6, height: 20))
    #expect(throws: DecodingError.self) {
      try noise(120).withUnsafeBytes { try decoder.decode($0, into: &image) }
    }
  }

  /// Every channel of every pixel within one code value of the real-valued truth.
  private func expect(_ image: borrowing RGBImage, _ truth: (_ x: Int, _ y: Int) -> [Double]) {
    var worst = 0.0
    for y in 0..<image.size.height {
      let row = image.bytes.row(y)
      for x in 0..<image.size.width {
        let colour = truth(x, y)
        for channel in 0..<3 { worst = max(worst, abs(Double(row[3 * x + channel]) - colour[channel])) }
      }
    }
    #expect(worst <= 0.502, "largest error in code values")
  }
}
