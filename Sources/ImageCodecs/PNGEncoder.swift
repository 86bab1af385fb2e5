import CSPNG
import Glibc
public import ImageBuffers
import Quantities

/// Encodes PNG images with libspng.
public enum PNGEncoder {
  /// Encodes an 8-bit colour image.
  /// - Parameter compression: zlib level, 0 (none, fastest) to 9 (smallest).
  /// - Throws: `.library`.
  public static func encode(
    _ image: borrowing RGBImage, compression: Int = 6
  ) throws(ImageCodecError) -> [UInt8] {
    try encode(
      UnsafeRawPointer(image.bytes.baseAddress), width: image.size.width, height: image.size.height,
      rowBytes: 3 * image.size.width, rowStride: image.bytes.rowStride,
      colour: SPNG_COLOR_TYPE_TRUECOLOR, bitDepth: 8, compression: compression)
  }

  /// Encodes a plane of 16-bit values as a grey PNG (big-endian in the file, as the format demands).
  /// - Parameter compression: zlib level, 0 (none, fastest) to 9 (smallest).
  /// - Throws: `.library`.
  public static func encode(
    grey16 plane: borrowing Plane<UInt16>, compression: Int = 6
  ) throws(ImageCodecError) -> [UInt8] {
    try encode(
      UnsafeRawPointer(plane.baseAddress), width: plane.width, height: plane.height,
      rowBytes: 2 * plane.width, rowStride: 2 * plane.rowStride, colour: SPNG_COLOR_TYPE_GRAYSCALE,
      bitDepth: 16, compression: compression)
  }

  private static func encode(
    _ pixels: UnsafeRawPointer, width: Int, height: Int, rowBytes: Int, rowStride: Int,
    colour: spng_color_type, bitDepth: UInt8, compression: Int
  ) throws(ImageCodecError) -> [UInt8] {
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw .library(.png, reason: "out of memory")
    }
    defer { spng_ctx_free(context) }
    var header = spng_ihdr()
    header.width = UInt32(width)
    header.height = UInt32(height)
    header.bit_depth = bitDepth
    header.color_type = UInt8(colour.rawValue)
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    try check(spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, Int32(min(9, max(0, compression)))))
    try check(spng_set_ihdr(context, &header))
    let flags = SPNG_ENCODE_PROGRESSIVE.rawValue | SPNG_ENCODE_FINALIZE.rawValue
    try check(spng_encode_image(context, nil, 0, Int32(SPNG_FMT_PNG.rawValue), Int32(flags)))
    for y in 0..<height {
      let code = spng_encode_row(context, pixels + y * rowStride, rowBytes)
      guard code == 0 || (code == Int32(SPNG_EOI.rawValue) && y == height - 1) else {
        throw .library(.png, reason: String(cString: spng_strerror(code)))
      }
    }
    return try takeBytes(context)
  }

  private static func takeBytes(_ context: OpaquePointer) throws(ImageCodecError) -> [UInt8] {
    var count = 0
    var code: Int32 = 0
    guard let memory = spng_get_png_buffer(context, &count, &code) else {
      throw .library(.png, reason: String(cString: spng_strerror(code)))
    }
    defer { free(memory) }
    return Array(UnsafeRawBufferPointer(start: memory, count: count))
  }

  private static func check(_ code: Int32) throws(ImageCodecError) {
    guard code == 0 else { throw .library(.png, reason: String(cString: spng_strerror(code))) }
  }
}
