import Glibc
import Messaging
import Platform
import Quantities
import WireFormat

/// A publisher of range points on a thread of its own: scans with many points, few, and pauses, so that completion
/// begins and ends over and over.
final class RangeSensorFeed {
  static let frame = "front_optical"
  private static let periodMicroseconds: UInt32 = 40_000
  private let stopFlag = StopFlag()
  private var thread: WorkerThread?

  init(endpoint: String) {
    thread = WorkerThread(name: "listener") { [stopFlag] in
      guard let context = try? MessagingContext(),
        let socket = try? PublishSocket(context, endpoints: [endpoint], depth: .frames)
      else { return }
      var count: UInt64 = 0
      while !stopFlag.isRaised {
        _ = socket.poll()
        // A second of many, a moment of few, a moment of none.
        let points = count % 32 < 24 ? 1500 : count % 32 < 28 ? 60 : 0
        if points > 0 { try? socket.send(Self.message(points, sequence: count)) }
        count += 1
        usleep(Self.periodMicroseconds)
      }
    }
  }

  func stop() {
    stopFlag.raise()
    thread?.join()
    thread = nil
  }

  /// A tilted wall, on a raster.
  private static func message(_ count: Int, sequence: UInt64) -> [UInt8] {
    let now = MonotonicTime.now().nanoseconds
    let header = Array(
      """
      {"v":1,"type":"range","frame":"\(frame)","clock":"monotonic","encoding":"xyz","count":\(count),\
      "stamp":{"sec":\(now / 1_000_000_000),"nsec":\(now % 1_000_000_000)}}
      """.utf8)
    let offset = LatestFrame.payloadOffset(headerBytes: header.count)
    var message = [UInt8](repeating: 0, count: offset + 12 * count)
    message.withUnsafeMutableBytes { bytes in
      guard let topic = try? Topic(camera: "lidar", .points) else { return }
      header.withUnsafeBytes {
        LatestFrame.encodeHead(
          topic: topic, sequence: sequence, captureTime: MonotonicTime(nanoseconds: now), header: $0,
          payloadBytes: 12 * count, into: bytes)
      }
      for place in 0..<count {
        let z = 4 + Float(place % 40) / 20
        let point = SIMD3((Float(place % 40) - 20) / 40 * z, (Float(place / 40 % 38) - 19) / 80 * z, z)
        for axis in 0..<3 {
          bytes.storeBytes(of: point[axis], toByteOffset: offset + 12 * place + 4 * axis, as: Float.self)
        }
      }
    }
    return message
  }
}
