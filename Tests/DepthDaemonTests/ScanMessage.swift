import DepthDaemon
import Quantities
import WireFormat

/// A message of range points as docs/wire.md has it, and what the daemon reads of it.
struct ScanMessage {
  let bytes: [UInt8]

  init(_ fields: String, payload: [UInt8]) {
    let header = Array(
      ("{\"v\":1,\"type\":\"range\",\"frame\":\"lidar\",\"stamp\":{\"sec\":1,\"nsec\":0},"
        + "\"clock\":\"monotonic\",\(fields)}").utf8)
    let offset = (64 + header.count + 63) / 64 * 64
    var bytes = Array("lidar/".utf8) + [UInt8](repeating: 0, count: 26) + Array("DPT1".utf8)
    for number in [header.count, offset, payload.count] {
      withUnsafeBytes(of: UInt32(number).littleEndian) { bytes += $0 }
    }
    bytes += [UInt8](repeating: 0, count: 16) + header
    bytes += [UInt8](repeating: 0, count: offset - bytes.count) + payload
    self.bytes = bytes
  }

  static func points(_ points: [SIMD3<Float>]) -> ScanMessage {
    let floats = points.flatMap { [$0.x, $0.y, $0.z] }
    return ScanMessage(
      "\"encoding\":\"xyz\",\"count\":\(points.count)", payload: floats.withUnsafeBytes { Array($0) })
  }

  @discardableResult
  func fill(_ scan: SensorScan, time: MonotonicTime) throws -> SensorScan.Intake {
    try bytes.withUnsafeBytes { bytes in
      scan.fill(try RangeMessage(parsing: bytes, monotonicFromRealtime: 0), bytes, time: time)
    }
  }
}
