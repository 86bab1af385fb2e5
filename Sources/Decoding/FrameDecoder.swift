public import ImageBuffers
import ImageCodecs
public import Quantities

/// Turns the buffers of one negotiated capture format into RGB images.
///
/// Belongs to one thread at a time; does not allocate once running, damaged frames aside.
public final class FrameDecoder {
  public let format: CaptureFormat
  /// The size of the images made: that of the capture, or smaller for compressed formats that are decoded at
  /// a reduced scale.
  ///
  /// The consumer scales its intrinsics to this size.
  public let outputSize: ImageSize
  private let path: Path

  private enum Path {
    case packed(ColourMatrix, PackedLayout)
    case nv12(ColourMatrix)
    case planar(ColourMatrix, PlanarLayout)
    case grey(GreyExpansion)
    case jpeg(JPEGDecoder)
    case library(LibraryConverter)
  }

  /// - Parameters:
  ///   - format: what the driver reported.
  ///   - neededSize: a compressed frame that is larger is decoded at the smallest reduced scale that is at
  ///     least this size, which is faster; nil = always at full size. Has no effect on other formats.
  /// - Throws: `.unsupportedFormat`, `.badLayout`, `.library`.
  public init(_ format: CaptureFormat, neededSize: ImageSize? = nil) throws(DecodingError) {
    self.format = format
    if format.pixelFormat.isCompressed, let neededSize {
      outputSize = format.size.smallestJPEGSize(atLeast: neededSize)
    } else {
      outputSize = format.size
    }
    let matrix = ColourMatrix(encoding: format.encoding, range: format.range)
    switch format.pixelFormat {
    case .yuyv: path = .packed(matrix, .yuyv)
    case .uyvy: path = .packed(matrix, .uyvy)
    case .yvyu: path = .packed(matrix, .yvyu)
    case .vyuy: path = .packed(matrix, .vyuy)
    case .nv12: path = .nv12(matrix)
    case .yu12: path = .planar(matrix, .yu12)
    case .yv12: path = .planar(matrix, .yv12)
    case .planar422: path = .planar(matrix, .planar422)
    case .grey: path = .grey(GreyExpansion(range: format.range))
    case .mjpg, .jpeg:
      do { path = .jpeg(try JPEGDecoder()) } catch { throw .library(error.description) }
    default: path = .library(try LibraryConverter(format))
    }
    if format.bytesPerLine < rowBytes {
      throw .badLayout(format.pixelFormat, bytesPerLine: format.bytesPerLine, needed: rowBytes)
    }
  }

  /// Decodes one frame.
  ///
  /// - Parameters:
  ///   - buffer: the bytes the driver filled (`bytesused`), rows `bytesPerLine` apart.
  ///   - image: an image of `outputSize`. After an error its pixels are undefined.
  /// - Throws: `.corrupt` for short or damaged frames, `.wrongImageSize`.
  public func decode(
    _ buffer: UnsafeRawBufferPointer, into image: inout RGBImage
  ) throws(DecodingError) {
    guard image.size == outputSize else { throw .wrongImageSize(found: image.size, wanted: outputSize) }
    guard buffer.count >= neededBytes, let source = buffer.baseAddress else {
      throw .corrupt(format.pixelFormat, reason: .short(bytes: buffer.count, needed: neededBytes))
    }
    let target = UnsafeMutableRawPointer(image.bytes.baseAddress)
    let stride = image.bytes.rowStride
    switch path {
    case .packed(let matrix, let layout): decodePacked(source, matrix, layout, target, stride)
    case .nv12(let matrix): decodeNV12(source, matrix, target, stride)
    case .planar(let matrix, let layout): decodePlanar(source, matrix, layout, target, stride)
    case .grey(let expansion): decodeGrey(source, expansion, target, stride)
    case .jpeg(let decoder): try decodeJPEG(buffer, decoder, &image)
    case .library(let converter):
      let packed = try converter.convert(buffer)
      for y in 0..<outputSize.height {
        (target + y * stride).copyMemory(
          from: packed + y * 3 * outputSize.width, byteCount: 3 * outputSize.width)
      }
    }
  }

  private func decodePacked(
    _ source: UnsafeRawPointer, _ matrix: ColourMatrix, _ layout: PackedLayout,
    _ target: UnsafeMutableRawPointer, _ stride: Int
  ) {
    for y in 0..<outputSize.height {
      matrix.convertPackedRow(
        source + y * format.bytesPerLine, layout, width: outputSize.width, to: target + y * stride)
    }
  }

  private func decodeNV12(
    _ source: UnsafeRawPointer, _ matrix: ColourMatrix, _ target: UnsafeMutableRawPointer, _ stride: Int
  ) {
    let chroma = source + format.bytesPerLine * outputSize.height
    for y in 0..<outputSize.height {
      matrix.convertNV12Row(
        luma: source + y * format.bytesPerLine, chroma: chroma + (y / 2) * format.bytesPerLine,
        width: outputSize.width, to: target + y * stride)
    }
  }

  private func decodePlanar(
    _ source: UnsafeRawPointer, _ matrix: ColourMatrix, _ layout: PlanarLayout,
    _ target: UnsafeMutableRawPointer, _ stride: Int
  ) {
    let first = source + format.bytesPerLine * outputSize.height
    let second = first + chromaStride * chromaRows(layout)
    let (u, v) = layout.isUFirst ? (first, second) : (second, first)
    for y in 0..<outputSize.height {
      let offset = y / layout.rowsPerChroma * chromaStride
      matrix.convertPlanarRow(
        luma: source + y * format.bytesPerLine, u: u + offset, v: v + offset, width: outputSize.width,
        to: target + y * stride)
    }
  }

  /// Chroma rows are half as long as luma rows, padding included, as the kernel's documentation has it.
  private var chromaStride: Int { format.bytesPerLine / 2 }

  private func chromaRows(_ layout: PlanarLayout) -> Int {
    (format.size.height + layout.rowsPerChroma - 1) / layout.rowsPerChroma
  }

  private func decodeGrey(
    _ source: UnsafeRawPointer, _ expansion: GreyExpansion, _ target: UnsafeMutableRawPointer, _ stride: Int
  ) {
    for y in 0..<outputSize.height {
      expansion.convertRow(source + y * format.bytesPerLine, width: outputSize.width, to: target + y * stride)
    }
  }

  private func decodeJPEG(
    _ buffer: UnsafeRawBufferPointer, _ decoder: JPEGDecoder, _ image: inout RGBImage
  ) throws(DecodingError) {
    guard let frame = JPEGMarkers.trimmedFrame(buffer) else {
      throw .corrupt(format.pixelFormat, reason: .incompleteJPEG(bytes: buffer.count))
    }
    do {
      try decoder.decode(frame.bytes, into: &image)
    } catch {
      throw .corrupt(format.pixelFormat, reason: .undecodable(error.description))
    }
  }

  /// Bytes of one row without padding; 0 where rows have no meaning of ours.
  private var rowBytes: Int {
    switch path {
    case .packed: 4 * ((format.size.width + 1) / 2)
    case .nv12, .planar: 2 * ((format.size.width + 1) / 2)
    case .grey: format.size.width
    case .jpeg, .library: 0
    }
  }

  /// The fewest bytes a complete frame can have; the padding of the last row may be missing.
  private var neededBytes: Int {
    let height = format.size.height
    return switch path {
    case .packed, .grey: format.bytesPerLine * (height - 1) + rowBytes
    case .nv12: format.bytesPerLine * (height + (height + 1) / 2 - 1) + rowBytes
    case .planar(_, let layout):
      format.bytesPerLine * height + chromaStride * (2 * chromaRows(layout) - 1) + (format.size.width + 1) / 2
    case .jpeg: 4
    case .library: 1
    }
  }
}
