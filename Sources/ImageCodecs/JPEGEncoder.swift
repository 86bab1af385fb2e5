import CTurboJPEG
public import ImageBuffers
import Quantities

/// Encodes JPEG images with libjpeg-turbo into memory of its own that is reused for every image.
///
/// Belongs to one thread at a time.
public final class JPEGEncoder {
  /// How much the colour of RGB images is reduced.
  public enum ChromaSampling: Sendable {
    case full, half, quarter
  }

  /// 1 (smallest) to 100 (best).
  public var quality: Int
  public let chroma: ChromaSampling
  private let handle: tjhandle
  private var output = ScratchBytes()

  /// - Parameters:
  ///   - quality: 1 (smallest) to 100 (best).
  ///   - chroma: `full` is 4:4:4, `half` 4:2:2, `quarter` 4:2:0.
  /// - Throws: `.library` when TurboJPEG cannot start.
  public init(quality: Int = 85, chroma: ChromaSampling = .quarter) throws(ImageCodecError) {
    guard let handle = tjInitCompress() else {
      throw .library(.jpeg, reason: "no compressor (\(String(cString: tjGetErrorStr2(nil))))")
    }
    self.handle = handle
    self.quality = quality
    self.chroma = chroma
  }

  deinit {
    tjDestroy(handle)
  }

  /// Encodes a colour image into the encoder's own memory.
  ///
  /// The bytes are valid until the next call and only while the encoder lives: keep it in a property, since a
  /// local encoder may be freed right after its last use. Allocates nothing once the memory has grown to the
  /// largest image.
  /// - Throws: `.library`.
  public func encode(_ image: borrowing RGBImage) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    let sampling =
      switch chroma {
      case .full: TJSAMP_444
      case .half: TJSAMP_422
      case .quarter: TJSAMP_420
      }
    return try encode(
      image.bytes.baseAddress, width: image.size.width, height: image.size.height,
      rowStride: image.bytes.rowStride, format: TJPF_RGB, sampling: sampling)
  }

  /// Encodes a grey image; for the life of the bytes see the colour form.
  ///
  /// - Throws: `.library`.
  public func encode(grey plane: borrowing Plane<UInt8>) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    try encode(
      plane.baseAddress, width: plane.width, height: plane.height, rowStride: plane.rowStride,
      format: TJPF_GRAY, sampling: TJSAMP_GRAY)
  }

  /// Encodes a colour image into a new array.
  ///
  /// - Throws: `.library`.
  public func encoded(_ image: borrowing RGBImage) throws(ImageCodecError) -> [UInt8] {
    let bytes = try encode(image)
    return withExtendedLifetime(self) { Array(bytes) }
  }

  /// Encodes a grey image into a new array.
  ///
  /// - Throws: `.library`.
  public func encoded(grey plane: borrowing Plane<UInt8>) throws(ImageCodecError) -> [UInt8] {
    let bytes = try encode(grey: plane)
    return withExtendedLifetime(self) { Array(bytes) }
  }

  private func encode(
    _ pixels: UnsafeMutablePointer<UInt8>, width: Int, height: Int, rowStride: Int, format: TJPF,
    sampling: TJSAMP
  ) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    // The worst case for this size, so that the library never reallocates.
    let capacity = Int(tjBufSize(Int32(width), Int32(height), Int32(sampling.rawValue)))
    let memory = output.reserve(capacity)
    var start: UnsafeMutablePointer<UInt8>? = memory.bindMemory(to: UInt8.self).baseAddress
    var count = UInt(memory.count)
    let result = tjCompress2(
      handle, pixels, Int32(width), Int32(rowStride), Int32(height), Int32(format.rawValue), &start, &count,
      Int32(sampling.rawValue), Int32(min(100, max(1, quality))), TJFLAG_NOREALLOC)
    guard result == 0 else { throw .library(.jpeg, reason: String(cString: tjGetErrorStr2(handle))) }
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<Int(count)])
  }
}
