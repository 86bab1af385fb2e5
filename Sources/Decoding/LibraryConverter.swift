import CV4LConvert
import Glibc
import Quantities

/// Pixel formats without a path of ours, through libv4lconvert: RGB variants, Bayer mosaics, and the codes of
/// older webcams.
///
/// Its conversions from YUV leave luma as it is, limited range or not, which is why the common YUV formats
/// are decoded here instead.
final class LibraryConverter {
  private let handle: OpaquePointer
  private var sourceFormat = v4l2_format()
  private var targetFormat = v4l2_format()
  private let packed: UnsafeMutableRawBufferPointer
  /// The library notices that a frame is short, and reads to where its end should be all the same; so it gets
  /// a copy, in memory that no format of this size outruns.
  ///
  /// It may also write there.
  private let padded: UnsafeMutableRawBufferPointer
  private let format: CaptureFormat

  /// - Throws: `.unsupportedFormat` when the library does not know the format, `.library`.
  init(_ format: CaptureFormat) throws(DecodingError) {
    guard let handle = v4lconvert_create_with_dev_ops(-1, nil, NoDevice.operations.pointer) else {
      throw .library("libv4lconvert is not usable")
    }
    self.handle = handle
    self.format = format
    let size = format.size
    packed = .allocate(byteCount: 3 * size.pixelCount, alignment: 64)
    padded = .allocate(
      byteCount: max(4 * size.pixelCount, format.bytesPerLine * size.height) + 4096, alignment: 64)
    padded.initializeMemory(as: UInt8.self, repeating: 0)
    sourceFormat = Self.describe(size, format.pixelFormat.code, bytesPerLine: format.bytesPerLine)
    targetFormat = Self.describe(size, PixelFormat.rgb24.code, bytesPerLine: 3 * size.width)
    guard knowsFormat() else { throw .unsupportedFormat(format.pixelFormat) }
  }

  deinit {
    v4lconvert_destroy(handle)
    packed.deallocate()
    padded.deallocate()
  }

  /// Converts a frame to packed RGB; the bytes are valid until the next call.
  func convert(_ buffer: UnsafeRawBufferPointer) throws(DecodingError) -> UnsafeRawPointer {
    let written = run(buffer)
    guard written == packed.count, let start = packed.baseAddress else {
      throw .corrupt(format.pixelFormat, reason: .undecodable(message))
    }
    return UnsafeRawPointer(start)
  }

  private func run(_ buffer: UnsafeRawBufferPointer) -> Int {
    let count = min(buffer.count, padded.count)
    padded.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    let source = padded.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let target = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
    return Int(
      v4lconvert_convert(
        handle, &sourceFormat, &targetFormat, source, Int32(count), target, Int32(packed.count)))
  }

  /// Asks by converting nothing: the library names an unknown format, and complains about length otherwise.
  private func knowsFormat() -> Bool {
    let probe = [UInt8](repeating: 0, count: 16)
    let written = probe.withUnsafeBytes { run($0) }
    return written >= 0 || !message.contains("Unknown src format")
  }

  private var message: String {
    var text = String(cString: v4lconvert_get_error_message(handle))
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }

  private static func describe(_ size: ImageSize, _ code: UInt32, bytesPerLine: Int) -> v4l2_format {
    var format = v4l2_format()
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    format.fmt.pix.width = UInt32(size.width)
    format.fmt.pix.height = UInt32(size.height)
    format.fmt.pix.pixelformat = code
    format.fmt.pix.bytesperline = UInt32(bytesPerLine)
    format.fmt.pix.sizeimage = UInt32(bytesPerLine * size.height)
    format.fmt.pix.field = V4L2_FIELD_NONE.rawValue
    return format
  }
}

/// Stands in for the camera that the library wants to look at: it has no controls and no formats, so that the
/// library's own white balance, gain and flipping stay out of the picture.
private enum NoDevice {
  /// The library keeps the address for ever, so the memory is never freed.
  struct Operations: @unchecked Sendable {
    // Written once, before anybody sees it.
    let pointer: UnsafePointer<libv4l_dev_ops>
  }

  static let operations: Operations = {
    var operations = libv4l_dev_ops()
    operations.ioctl = { _, _, request, _ in
      if request == v4lconvert_request_querycap { return 0 }
      errno = EINVAL
      return -1
    }
    let memory = UnsafeMutablePointer<libv4l_dev_ops>.allocate(capacity: 1)
    memory.initialize(to: operations)
    return Operations(pointer: UnsafePointer(memory))
  }()
}

extension PixelFormat {
  /// Packed R G B.
  static let rgb24 = PixelFormat(code: 0x3342_4752)
}
