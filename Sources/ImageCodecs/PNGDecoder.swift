import CSPNG
public import ImageBuffers
public import Quantities

/// What a PNG file says about itself.
public struct PNGHeader: Equatable, Sendable {
  public var size: ImageSize
  /// Bits of one sample: 1, 2, 4, 8 or 16.
  public var bitDepth: Int
  /// One grey channel, no transparency.
  public var isGrey: Bool

  public init(size: ImageSize, bitDepth: Int, isGrey: Bool) {
    self.size = size
    self.bitDepth = bitDepth
    self.isGrey = isGrey
  }
}

/// Decodes PNG images with libspng.
public enum PNGDecoder {
  /// Reads the header only.
  /// - Throws: `.notAnImage`, `.tooLarge`.
  public static func header(of bytes: RawSpan) throws(ImageCodecError) -> PNGHeader {
    try withContext(bytes) { (context, header) throws(ImageCodecError) in header }
  }

  /// Decodes any PNG to 8-bit colour; transparency is dropped, 16-bit samples keep their high byte.
  /// - Throws: `.notAnImage`, `.corrupt`, `.tooLarge`, `.library`.
  public static func decodeRGB(_ bytes: RawSpan) throws(ImageCodecError) -> RGBImage {
    try withContext(bytes) { (context, header) throws(ImageCodecError) in
      let image = RGBImage(size: header.size)
      try decodeRows(
        context, format: SPNG_FMT_RGB8, into: UnsafeMutableRawPointer(image.bytes.baseAddress),
        rowBytes: 3 * header.size.width, rowStride: image.bytes.rowStride)
      return image
    }
  }

  /// Decodes a 16-bit grey PNG, the file format of depth maps; values as stored, in host byte order.
  /// - Throws: `.unsupported` for any other kind of PNG, and the errors of `decodeRGB`.
  public static func decodeGrey16(_ bytes: RawSpan) throws(ImageCodecError) -> Plane<UInt16> {
    let size = try header(of: bytes).size
    var plane = Plane<UInt16>(width: size.width, height: size.height)
    try decodeGrey16(bytes, into: &plane)
    return plane
  }

  /// Decodes a 16-bit grey PNG into a plane of the same size.
  /// - Throws: `.sizeMismatch`, and the errors of the other `decodeGrey16`.
  public static func decodeGrey16(
    _ bytes: RawSpan, into plane: inout Plane<UInt16>
  ) throws(ImageCodecError) {
    let wanted = ImageSize(width: plane.width, height: plane.height)
    let (target, rowStride) = (UnsafeMutableRawPointer(plane.baseAddress), 2 * plane.rowStride)
    try withContext(bytes) { (context, header) throws(ImageCodecError) in
      guard header.isGrey, header.bitDepth == 16 else {
        throw .unsupported(
          .png, found: "\(header.bitDepth)-bit \(header.isGrey ? "grey" : "colour")", wanted: "16-bit grey")
      }
      guard header.size == wanted else { throw .sizeMismatch(.png, found: header.size, wanted: wanted) }
      // SPNG_FMT_PNG converts the file's big-endian samples to the machine's order.
      try decodeRows(
        context, format: SPNG_FMT_PNG, into: target, rowBytes: 2 * wanted.width, rowStride: rowStride)
    }
  }

  /// Runs `body` with a decoder that has read the header.
  private static func withContext<Result: ~Copyable>(
    _ bytes: RawSpan, _ body: (OpaquePointer, PNGHeader) throws(ImageCodecError) -> Result
  ) throws(ImageCodecError) -> Result {
    guard let context = spng_ctx_new(0) else { throw .library(.png, reason: "out of memory") }
    defer { spng_ctx_free(context) }
    // A context reads from the buffer until it is freed, so everything happens inside this closure.
    return try bytes.withUnsafeBytes { (raw) throws(ImageCodecError) -> Result in
      var header = spng_ihdr()
      var code = spng_set_png_buffer(context, raw.baseAddress, raw.count)
      if code == 0 { code = spng_get_ihdr(context, &header) }
      guard code == 0 else { throw .notAnImage(.png, reason: message(code)) }
      let size = ImageSize(width: Int(header.width), height: Int(header.height))
      guard size.pixelCount <= maximumPixelCount else { throw .tooLarge(.png, found: size) }
      return try body(
        context,
        PNGHeader(
          size: size, bitDepth: Int(header.bit_depth),
          isGrey: Int(header.color_type) == Int(SPNG_COLOR_TYPE_GRAYSCALE.rawValue)))
    }
  }

  private static func decodeRows(
    _ context: OpaquePointer, format: spng_format, into target: UnsafeMutableRawPointer, rowBytes: Int,
    rowStride: Int
  ) throws(ImageCodecError) {
    var code = spng_decode_image(
      context, nil, 0, Int32(format.rawValue), Int32(SPNG_DECODE_PROGRESSIVE.rawValue))
    var row = spng_row_info()
    while code == 0 {
      code = spng_get_row_info(context, &row)
      if code == 0 {
        code = spng_decode_row(context, target + Int(row.row_num) * rowStride, rowBytes)
      }
    }
    guard code == Int32(SPNG_EOI.rawValue) else { throw .corrupt(.png, reason: message(code)) }
    // The checksums and the end chunk come behind the last row.
    code = spng_decode_chunks(context)
    guard code == 0 else { throw .corrupt(.png, reason: message(code)) }
  }

  private static func message(_ code: Int32) -> String { String(cString: spng_strerror(code)) }
}
