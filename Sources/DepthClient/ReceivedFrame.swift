import Foundation
public import ImageBuffers
public import Messaging
public import Quantities
public import WireFormat

/// One frame as it came in, checked: the header is readable and the payload has the size it describes.
public struct ReceivedFrame: Sendable {
  public let header: DepthHeader
  /// When this process received it.
  public let receivedAt: MonotonicTime
  private let headerBytes: ReceivedBytes
  private let headerRange: Range<Int>
  private let payloadBytes: ReceivedBytes
  private let payloadRange: Range<Int>

  /// Takes a message of either endpoint apart: one frame (`latest`) or three (`stream`).
  /// - Throws: `.wire` for a broken layout or size, `.header` for unreadable JSON.
  public init(message: [ReceivedBytes], receivedAt: MonotonicTime) throws(DepthClientError) {
    self.receivedAt = receivedAt
    let name: String
    switch message.count {
    case 1:
      let parts: LatestFrame.Parts
      do {
        parts = try message[0].withUnsafeBytes { (b) throws(WireFormatError) in try LatestFrame.parse(b) }
      } catch {
        throw .wire(error)
      }
      name = parts.topicName
      (headerBytes, headerRange) = (message[0], parts.headerRange)
      (payloadBytes, payloadRange) = (message[0], parts.payloadRange)
    case 3:
      name = message[0].withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      (headerBytes, headerRange) = (message[1], 0..<message[1].count)
      (payloadBytes, payloadRange) = (message[2], 0..<message[2].count)
    default:
      throw .wire(.malformedFrame(reason: "\(message.count) frames, expected 1 or 3"))
    }
    let json = Self.copy(headerBytes, headerRange)
    do { header = try JSONDecoder().decode(DepthHeader.self, from: json) } catch {
      throw .header(topic: name, reason: Self.explain(error))
    }
    guard header.topic.name == name else {
      throw .header(topic: name, reason: "it names another topic, \(header.topic.name)")
    }
    if let expected = header.payloadBytes, expected != payloadRange.count {
      throw .wire(.payloadSize(topic: name, expected: expected, found: payloadRange.count))
    }
  }

  /// The header as it was sent, one JSON object.
  public var headerJSON: String {
    String(decoding: Self.copy(headerBytes, headerRange), as: UTF8.self)
  }

  /// Lends the payload; it must not be used after `body` returns.
  public func withPayload<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try payloadBytes.withUnsafeBytes { (bytes) throws(Failure) in
      try body(UnsafeRawBufferPointer(rebasing: bytes[payloadRange]))
    }
  }

  /// Depth (H, W) as floats: 32FC1 as it is, 16UC1 in metres with NaN for 0.
  /// - Throws: `.encoding` for payloads that are not depth.
  public func makeDepthPlane() throws(DepthClientError) -> Plane<Float> {
    let plane = Plane<Float>(width: header.size.width, height: header.size.height)
    switch header.encoding {
    case .float32: fill(plane, as: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
    case .uint16:
      fill(plane, as: UInt16.self) { $0 == 0 ? .nan : Float(UInt16(littleEndian: $0)) * 0.001 }
    case .uint8, .jpeg, .pointsXYZ, .pointsXYZRGB:
      throw .encoding(topic: header.topic.name, found: header.encoding, wanted: "depth (32FC1 or 16UC1)")
    }
    return plane
  }

  private func fill<Pixel: BitwiseCopyable>(
    _ plane: borrowing Plane<Float>, as pixel: Pixel.Type, _ convert: (Pixel) -> Float
  ) {
    withPayload { payload in
      for y in 0..<plane.height {
        let row = plane.baseAddress + y * plane.rowStride
        let offset = y * plane.width * MemoryLayout<Pixel>.stride
        for x in 0..<plane.width {
          row[x] = convert(
            payload.loadUnaligned(fromByteOffset: offset + x * MemoryLayout<Pixel>.stride, as: Pixel.self))
        }
      }
    }
  }

  /// Time since capture, seconds: by the monotonic clock when the frame comes from this very machine and
  /// boot, else by the real-time clocks (which may disagree); nil when the header has no such time.
  public func ageSeconds(
    now: MonotonicTime, wallNow: WallTime, bootID: String?
  ) -> Double? {
    if let own = bootID, own == header.bootID { return Double(now - header.captureTime) * 1e-9 }
    return header.stamp.map { Double(wallNow.nanoseconds - $0.nanoseconds) * 1e-9 }
  }

  private static func copy(_ bytes: ReceivedBytes, _ range: Range<Int>) -> Data {
    bytes.withUnsafeBytes { Data($0[range]) }
  }

  private static func explain(_ error: any Error) -> String {
    switch error {
    case let error as WireFormatError: error.description
    case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\": \(context.debugDescription)"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }
}
