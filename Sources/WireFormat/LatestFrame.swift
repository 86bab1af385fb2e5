public import Quantities

/// The single-frame layout of the `latest` endpoint, safe with ZMQ_CONFLATE.
///
///      0  topic, NUL-padded to 32 bytes (a subscription's byte prefix still matches)
///     32  "DPT1"
///     36  u32 header bytes     40  u32 payload offset     44  u32 payload bytes
///     48  u64 sequence         56  i64 capture time, CLOCK_MONOTONIC nanoseconds
///     64  JSON header, then the payload at a multiple of 64
///
/// Every number is little-endian.
public enum LatestFrame {
  public static let prefixBytes = 64
  static let topicBytes = 32
  static let magic: UInt32 = 0x3154_5044  // "DPT1"

  /// Where the payload of a message with such a header begins.
  public static func payloadOffset(headerBytes: Int) -> Int {
    (prefixBytes + headerBytes + 63) / 64 * 64
  }

  /// Bytes of the whole message.
  public static func byteCount(headerBytes: Int, payloadBytes: Int) -> Int {
    payloadOffset(headerBytes: headerBytes) + payloadBytes
  }

  /// Writes everything but the payload, whose place is `payloadOffset(headerBytes:)`.
  /// - Precondition: `target` holds at least `byteCount(...)` bytes.
  public static func encodeHead(
    topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payloadBytes: Int, into target: UnsafeMutableRawBufferPointer
  ) {
    let offset = payloadOffset(headerBytes: header.count)
    precondition(target.count >= offset + payloadBytes, "the buffer is too small for the message")
    target[..<prefixBytes].initializeMemory(as: UInt8.self, repeating: 0)
    var position = 0
    for byte in topic.name.utf8.prefix(topicBytes) {
      target[position] = byte
      position += 1
    }
    target.storeBytes(of: magic.littleEndian, toByteOffset: 32, as: UInt32.self)
    target.storeBytes(of: UInt32(header.count).littleEndian, toByteOffset: 36, as: UInt32.self)
    target.storeBytes(of: UInt32(offset).littleEndian, toByteOffset: 40, as: UInt32.self)
    target.storeBytes(of: UInt32(payloadBytes).littleEndian, toByteOffset: 44, as: UInt32.self)
    target.storeBytes(of: sequence.littleEndian, toByteOffset: 48, as: UInt64.self)
    target.storeBytes(of: captureTime.nanoseconds.littleEndian, toByteOffset: 56, as: Int64.self)
    let headerEnd = prefixBytes + header.count
    UnsafeMutableRawBufferPointer(rebasing: target[prefixBytes..<headerEnd]).copyMemory(from: header)
    target[headerEnd..<offset].initializeMemory(as: UInt8.self, repeating: 0)
  }
}

extension LatestFrame {
  /// Where the parts of a received message lie.
  public struct Parts: Equatable, Sendable {
    public let topicName: String
    public let sequence: UInt64
    public let captureTime: MonotonicTime
    public let headerRange: Range<Int>
    public let payloadRange: Range<Int>
  }

  /// Checks a received message and says where its parts lie.
  /// - Throws: `.malformedFrame` with what is wrong; nothing outside `message` is ever read.
  public static func parse(_ message: UnsafeRawBufferPointer) throws(WireFormatError) -> Parts {
    guard message.count >= prefixBytes else {
      throw .malformedFrame(reason: "\(message.count) bytes, shorter than the fixed part of \(prefixBytes)")
    }
    guard UInt32(littleEndian: message.loadUnaligned(fromByteOffset: 32, as: UInt32.self)) == magic else {
      throw .malformedFrame(reason: "no \"DPT1\" at byte 32")
    }
    let headerBytes = Int(UInt32(littleEndian: message.loadUnaligned(fromByteOffset: 36, as: UInt32.self)))
    let offset = Int(UInt32(littleEndian: message.loadUnaligned(fromByteOffset: 40, as: UInt32.self)))
    let payloadBytes = Int(UInt32(littleEndian: message.loadUnaligned(fromByteOffset: 44, as: UInt32.self)))
    guard prefixBytes + headerBytes <= offset, offset + payloadBytes <= message.count else {
      throw .malformedFrame(
        reason: "header of \(headerBytes) and payload of \(payloadBytes) bytes at \(offset) do not fit in "
          + "\(message.count) bytes")
    }
    let name = message[..<topicBytes].prefix { $0 != 0 }
    return Parts(
      topicName: String(decoding: name, as: UTF8.self),
      sequence: UInt64(littleEndian: message.loadUnaligned(fromByteOffset: 48, as: UInt64.self)),
      captureTime: MonotonicTime(
        nanoseconds: Int64(littleEndian: message.loadUnaligned(fromByteOffset: 56, as: Int64.self))),
      headerRange: prefixBytes..<(prefixBytes + headerBytes),
      payloadRange: offset..<(offset + payloadBytes))
  }
}
