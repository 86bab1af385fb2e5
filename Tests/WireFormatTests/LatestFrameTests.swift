import Foundation
import Quantities
import Testing
import WireFormat

@Suite struct LatestFrameTests {
  private func message() throws -> [UInt8] {
    let header = try fullHeader()
    let json = [UInt8](jsonBytes(header))
    let payload = (0..<48).map { UInt8($0) }
    var bytes = [UInt8](
      repeating: 0xAA, count: LatestFrame.byteCount(headerBytes: json.count, payloadBytes: payload.count))
    let offset = LatestFrame.payloadOffset(headerBytes: json.count)
    bytes.withUnsafeMutableBytes { target in
      json.withUnsafeBytes { json in
        LatestFrame.encodeHead(
          topic: header.topic, sequence: header.sequence, captureTime: header.captureTime, header: json,
          payloadBytes: payload.count, into: target)
      }
      target[offset...].copyBytes(from: payload)
    }
    return bytes
  }

  @Test func `every field lies where the document says`() throws {
    let bytes = try message()
    let json = [UInt8](jsonBytes(try fullHeader()))
    func integer(_ offset: Int, _ count: Int) -> UInt64 {
      bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    #expect(Array(bytes[0..<32]) == Array("front/depth/".utf8) + [UInt8](repeating: 0, count: 20))
    #expect(Array(bytes[32..<36]) == Array("DPT1".utf8))
    #expect(integer(36, 4) == UInt64(json.count))
    #expect(integer(40, 4) % 64 == 0)
    #expect(integer(44, 4) == 48)
    #expect(integer(48, 8) == 1234)
    #expect(integer(56, 8) == 86_400_000_000_042)
    #expect(Array(bytes[64..<(64 + json.count)]) == json)
    let offset = Int(integer(40, 4))
    #expect(bytes[(64 + json.count)..<offset].allSatisfy { $0 == 0 })
    #expect(Array(bytes[offset...]) == (0..<48).map { UInt8($0) })
  }

  @Test func `a message is taken apart again`() throws {
    let bytes = try message()
    let parts = try bytes.withUnsafeBytes { try LatestFrame.parse($0) }
    #expect(parts.topicName == "front/depth/")
    #expect(parts.sequence == 1234)
    #expect(parts.captureTime == MonotonicTime(nanoseconds: 86_400_000_000_042))
    #expect(try JSONDecoder().decode(DepthHeader.self, from: Data(bytes[parts.headerRange])) == fullHeader())
    #expect(Array(bytes[parts.payloadRange]) == (0..<48).map { UInt8($0) })
  }

  @Test func `every truncation is refused`() throws {
    let bytes = try message()
    for count in 0..<bytes.count {
      #expect(throws: WireFormatError.self) {
        try bytes[..<count].withUnsafeBytes { try LatestFrame.parse($0) }
      }
    }
  }

  @Test func `damaged lengths never reach outside the message`() throws {
    let original = try message()
    for offset in 36..<48 {
      for value in [UInt8(0x7F), 0x80, 0xFF] {
        var bytes = original
        bytes[offset] = value
        let parts = try? bytes.withUnsafeBytes { try LatestFrame.parse($0) }
        guard let parts else { continue }
        #expect(parts.payloadRange.upperBound <= bytes.count)
        #expect(parts.headerRange.upperBound <= parts.payloadRange.lowerBound)
      }
    }
  }
}
