import Geometry
import Quantities
import Testing
import WireFormat

@Suite struct RangeMessageTests {
  private static let points =
    #"{"v":1,"type":"range","frame":"lidar","stamp":{"sec":86400,"nsec":42},"clock":"monotonic","#
    + #""encoding":"xyz","count":2}"#
  private static let image =
    #"{"v":1,"type":"range","frame":"depth_optical","stamp":{"sec":1790000000,"nsec":0},"clock":"realtime","#
    + #""encoding":"16UC1","width":4,"height":3,"K":[2,2,1.5,1]}"#

  /// A message written by hand from docs/wire.md.
  private func message(_ header: String, payload: Int) -> [UInt8] {
    let offset = (64 + header.utf8.count + 63) / 64 * 64
    func word(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var bytes = Array("robot/lidar/".utf8)
    bytes += [UInt8](repeating: 0, count: 32 - bytes.count)
    bytes += Array("DPT1".utf8) + word(header.utf8.count, 4) + word(offset, 4) + word(payload, 4)
    bytes += word(7, 8) + word(0, 8) + Array(header.utf8)
    bytes += [UInt8](repeating: 0, count: offset - bytes.count)
    return bytes + (0..<payload).map { UInt8($0 % 251) }
  }

  private func parse(_ bytes: [UInt8]) throws -> RangeMessage {
    try bytes.withUnsafeBytes {
      try RangeMessage(parsing: $0, monotonicFromRealtime: -1_789_913_600_000_000_000)
    }
  }

  private func isRefused(_ bytes: [UInt8]) -> Bool { (try? parse(bytes)) == nil }

  @Test func `points come with their frame, time and place in the message`() throws {
    let bytes = message(Self.points, payload: 24)
    let range = try parse(bytes)
    #expect(range.content == .points(count: 2) && range.frame == "lidar" && range.sequence == 7)
    #expect(range.time.nanoseconds == 86_400_000_000_042 && range.topicName == "robot/lidar/")
    #expect(range.payloadRange == bytes.count - 24..<bytes.count)
  }

  @Test func `a depth image comes with its camera, on this machine's clock`() throws {
    let range = try parse(message(Self.image, payload: 24))
    let camera = CameraIntrinsics(fx: 2, fy: 2, cx: 1.5, cy: 1, size: ImageSize(width: 4, height: 3))
    #expect(range.content == .depthMillimeters(camera))
    #expect(range.time.nanoseconds == 86_400_000_000_000)
    let metres = Self.image.replacing("16UC1", with: "32FC1")
    #expect(try parse(message(metres, payload: 48)).content == .depthMeters(camera))
  }

  @Test(arguments: [0, 12, 23, 25, 36])
  func `a sender that lies about its count is refused`(payload: Int) {
    #expect(isRefused(message(Self.points, payload: payload)))
    #expect(isRefused(message(Self.image, payload: payload)))
  }

  @Test func `every truncation is refused`() {
    let bytes = message(Self.points, payload: 24)
    for count in bytes.indices { #expect(isRefused(Array(bytes[..<count])), "\(count) bytes were believed") }
  }

  @Test(arguments: [
    ("\"v\":1", "\"v\":2"), ("\"range\"", "\"depth\""), ("\"lidar\"", "\"\""), ("\"frame\":\"lidar\",", ""),
    ("\"count\":2", "\"count\":-2"), ("\"count\":2", "\"count\":2.5"), ("\"count\":2", "\"count\":1e300"),
    ("\"count\":2", "\"count\":4000001"), (",\"count\":2", ""), ("monotonic", "gps"), ("86400", "\"86400\""),
    ("\"nsec\":42", "\"nsec\":1000000000"), ("\"xyz\"", "\"xyzi\""), ("{\"v\"", "\"v\""),
  ])
  func `a header that cannot be is refused`(old: String, new: String) {
    #expect(Self.points.contains(old))
    #expect(isRefused(message(Self.points.replacing(old, with: new), payload: 24)))
  }

  @Test(arguments: [
    ("[2,2,1.5,1]", "[2,2,1.5]"), ("[2,2,1.5,1]", "[0,2,1.5,1]"), ("[2,2,1.5,1]", "[2,2,1.5,\"1\"]"),
    ("\"width\":4", "\"width\":0"), ("\"width\":4", "\"width\":65535"),
  ])
  func `a camera that cannot be is refused`(old: String, new: String) {
    #expect(Self.image.contains(old))
    #expect(isRefused(message(Self.image.replacing(old, with: new), payload: 24)))
  }
}
