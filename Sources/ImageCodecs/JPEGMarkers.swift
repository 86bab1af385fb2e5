/// Walks the marker segments of a JPEG image (ITU-T T.81, annex B) without decoding any.
package enum JPEGMarkers {
  package static let startOfImage: UInt8 = 0xD8
  package static let endOfImage: UInt8 = 0xD9
  static let startOfScan: UInt8 = 0xDA
  static let huffmanTables: UInt8 = 0xC4

  /// Offset of the first start-of-scan marker; nil when there is none or the segments do not add up.
  /// - Parameter stoppingAtHuffmanTables: answer nil as soon as the image turns out to have its own tables.
  package static func firstScanOffset(
    in bytes: UnsafeRawBufferPointer, stoppingAtHuffmanTables: Bool
  ) -> Int? {
    var offset = 2
    while offset + 4 <= bytes.count {
      guard bytes[offset] == 0xFF else { return nil }
      let marker = bytes[offset + 1]
      switch marker {
      case 0xFF:  // fill byte
        offset += 1
        continue
      case startOfScan: return offset
      case huffmanTables where stoppingAtHuffmanTables: return nil
      case 0x01, 0xD0...0xD9: return nil  // a marker without a length has no place before the scan
      default: break
      }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      guard length >= 2 else { return nil }
      offset += 2 + length
    }
    return nil
  }

  /// The image inside a capture buffer: from the start marker at offset 0 to the last end marker.
  ///
  /// Cameras pad buffers behind the end marker; those bytes are left out. Nil when the buffer does not begin
  /// with a start-of-image marker or holds no end-of-image marker.
  package static func trimmedFrame(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] == startOfImage else { return nil }
    var last = bytes.count - 2
    while last >= 2 {
      if bytes[last] == 0xFF && bytes[last + 1] == endOfImage {
        return UnsafeRawBufferPointer(rebasing: bytes[..<(last + 2)])
      }
      last -= 1
    }
    return nil
  }
}
