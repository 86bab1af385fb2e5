import CTurboJPEG
import Glibc
public import ImageBuffers
import Quantities

/// Decodes JPEG images with libjpeg-turbo, reusing its working memory from one image to the next.
///
/// Belongs to one thread at a time.
public final class JPEGDecoder {
  private var handle: tjhandle
  private var repaired = ScratchBytes()

  /// - Throws: `.library` when TurboJPEG cannot start.
  public init() throws(ImageCodecError) {
    guard let handle = tjInitDecompress() else {
      throw .library(.jpeg, reason: "no decompressor (\(String(cString: tjGetErrorStr2(nil))))")
    }
    self.handle = handle
  }

  deinit {
    tjDestroy(handle)
  }

  /// Reads the size and the colour sampling only.
  /// - Throws: `.notAnImage`, `.unsupported`, `.tooLarge`.
  public func header(of bytes: RawSpan) throws(ImageCodecError) -> JPEGHeader {
    var (width, height, sampling, colourspace) = (Int32(0), Int32(0), Int32(-1), Int32(-1))
    let result = bytes.withUnsafeBytes { raw -> Int32 in
      guard let start = raw.baseAddress, raw.count > 2 else { return -2 }
      return tjDecompressHeader3(
        handle, start.assumingMemoryBound(to: UInt8.self), UInt(raw.count), &width, &height, &sampling,
        &colourspace)
    }
    // A warning may still come with a valid header; only a header without a size is useless.
    guard result == 0 || (result == -1 && tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)),
      width > 0, height > 0
    else {
      let reason = result == -2 ? "\(bytes.byteCount) bytes" : lastMessage
      restart()
      throw .notAnImage(.jpeg, reason: reason)
    }
    let size = ImageSize(width: Int(width), height: Int(height))
    guard size.pixelCount <= maximumPixelCount else { throw .tooLarge(.jpeg, found: size) }
    guard
      colourspace == Int32(TJCS_YCbCr.rawValue) || colourspace == Int32(TJCS_GRAY.rawValue)
        || colourspace == Int32(TJCS_RGB.rawValue), let subsampling = Self.subsampling(sampling)
    else { throw .unsupported(.jpeg, found: "CMYK or unusually sampled", wanted: "grey, YCbCr or RGB") }
    return JPEGHeader(size: size, subsampling: subsampling)
  }

  /// Decodes into an image that exists already.
  ///
  /// The image has the size of the file, or one of the file's `decodableSizes` for a faster, smaller decode.
  ///
  /// Motion-JPEG frames without Huffman tables get the standard ones. A few zero or fill bytes before the
  /// end marker are tolerated; any other damage is an error, after which the pixels are undefined. Does not
  /// allocate once its scratch memory has grown to the largest frame.
  /// - Throws: any `ImageCodecError`.
  public func decode(_ bytes: RawSpan, into image: inout RGBImage) throws(ImageCodecError) {
    let header = try header(of: bytes)
    guard image.size.canBeDecodedFromJPEG(of: header.size) else {
      throw .sizeMismatch(.jpeg, found: header.size, wanted: image.size)
    }
    let (size, rowStride, pixels) = (image.size, image.bytes.rowStride, image.bytes.baseAddress)
    let isIntact = bytes.withUnsafeBytes { raw -> Bool in
      let complete = completed(raw)
      guard let start = complete.baseAddress else { return false }
      let result = tjDecompress2(
        handle, start.assumingMemoryBound(to: UInt8.self), UInt(complete.count), pixels,
        Int32(size.width), Int32(rowStride), Int32(size.height), Int32(TJPF_RGB.rawValue), 0)
      return result == 0 || isHarmlessWarning
    }
    if !isIntact { throw .corrupt(.jpeg, reason: lastMessage) }
  }

  /// Decodes at full size into a new image.
  public func decode(_ bytes: RawSpan) throws(ImageCodecError) -> RGBImage {
    var image = RGBImage(size: try header(of: bytes).size)
    try decode(bytes, into: &image)
    return image
  }

  /// The bytes themselves, or a copy in scratch memory with the standard Huffman tables put in.
  ///
  /// The library would supply missing tables too, but only to a fresh decoder: this one may still hold the
  /// tables of the image before.
  private func completed(_ raw: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let scan = JPEGMarkers.firstScanOffset(in: raw, stoppingAtHuffmanTables: true) else { return raw }
    return repaired.replaceContents(
      with: UnsafeRawBufferPointer(rebasing: raw[..<scan]), StandardHuffmanTables.segment,
      UnsafeRawBufferPointer(rebasing: raw[scan...]))
  }

  /// TurboJPEG 2 stays in the middle of a header that it could not read and would take the next image for
  /// its continuation; a fresh decompressor does not.
  private func restart() {
    guard let fresh = tjInitDecompress() else { return }
    tjDestroy(handle)
    handle = fresh
  }

  private var lastMessage: String { String(cString: tjGetErrorStr2(handle)) }

  /// Whether the library's complaint is the padding that many cameras leave before the end marker.
  ///
  /// It reports the first warning only, and this one can only come after the last pixel.
  private var isHarmlessWarning: Bool {
    tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
      && strstr(tjGetErrorStr2(handle), "extraneous bytes before marker 0xd9") != nil
  }

  private static func subsampling(_ code: Int32) -> JPEGHeader.Subsampling? {
    switch UInt32(bitPattern: code) {
    case TJSAMP_444.rawValue: .some(.none)
    case TJSAMP_422.rawValue: .horizontal
    case TJSAMP_420.rawValue: .both
    case TJSAMP_GRAY.rawValue: .grey
    case TJSAMP_440.rawValue: .vertical
    case TJSAMP_411.rawValue: .quarter
    default: nil
    }
  }
}
