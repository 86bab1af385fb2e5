public import Geometry
public import Quantities

/// Range points or a sparse depth image from a sensor of the robot, in the single-frame layout of `LatestFrame`.
///
/// Everything the header claims is checked against the message; nothing outside it is ever read.
///
/// - Source: docs/wire.md, "Range points".
public struct RangeMessage: Equatable, Sendable {
  /// More than any sensor sends: what claims more is damaged.
  public static let mostPoints = 4_000_000
  public static let mostPixels = 16_000_000

  public enum Content: Equatable, Sendable {
    /// x, y, z as float32 in metres, 12 bytes each.
    case points(count: Int)
    /// Depth along the camera's optical axis, row by row; NaN = no point.
    case depthMeters(CameraIntrinsics)
    /// The same as 16-bit millimetres; 0 = no point.
    case depthMillimeters(CameraIntrinsics)
  }

  public let topicName: String
  public let sequence: UInt64
  /// The frame that the numbers are expressed in.
  public let frame: String
  /// When it was measured, on this machine's monotonic clock.
  public let time: MonotonicTime
  public let content: Content
  /// Where the points or pixels lie in the message.
  public let payloadRange: Range<Int>

  /// - Parameter monotonicFromRealtime: nanoseconds to add to a realtime stamp to have this machine's monotonic time.
  /// - Throws: `.malformedFrame`, `.malformedJSON`, `.payloadSize`.
  public init(
    parsing message: UnsafeRawBufferPointer, monotonicFromRealtime: Int64
  ) throws(WireFormatError) {
    let parts = try LatestFrame.parse(message)
    let header = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: message[parts.headerRange]))
    guard header["v"]?.number == 1, header["type"]?.string == "range" else {
      throw .malformedFrame(reason: "its header is not of \"v\" 1 and \"type\" \"range\"")
    }
    guard let frame = header["frame"]?.string, (1...Self.longestFrameName).contains(frame.utf8.count) else {
      throw .malformedFrame(reason: "its \"frame\" is no name of 1 to \(Self.longestFrameName) bytes")
    }
    content = try Self.content(header)
    time = try Self.time(header, monotonicFromRealtime)
    guard parts.payloadRange.count == content.byteCount else {
      throw .payloadSize(
        topic: parts.topicName, expected: content.byteCount, found: parts.payloadRange.count)
    }
    self.frame = frame
    topicName = parts.topicName
    sequence = parts.sequence
    payloadRange = parts.payloadRange
  }

  /// As in calibrations. Names are repeated in every refusal, so they must not be long.
  private static let longestFrameName = 64

  private static func content(_ header: JSONValue) throws(WireFormatError) -> Content {
    switch header["encoding"]?.string {
    case "xyz": return .points(count: try whole("count", header["count"], 0...mostPoints))
    case "32FC1": return .depthMeters(try camera(header))
    case "16UC1": return .depthMillimeters(try camera(header))
    case let other:
      throw .malformedFrame(
        reason: "encoding is \"\((other ?? "").prefix(32))\"; xyz, 32FC1 and 16UC1 are known")
    }
  }

  private static func camera(_ header: JSONValue) throws(WireFormatError) -> CameraIntrinsics {
    let width = try whole("width", header["width"], 1...65_535)
    let height = try whole("height", header["height"], 1...65_535)
    guard width * height <= mostPixels else {
      throw .malformedFrame(reason: "\(width)x\(height) pixels are more than \(mostPixels)")
    }
    let k = header["K"]?.array?.compactMap(\.number) ?? []
    guard k.count == 4, header["K"]?.array?.count == 4, k[0] > 0, k[1] > 0 else {
      throw .malformedFrame(reason: "\"K\" must be fx, fy, cx, cy in pixels, focal lengths above 0")
    }
    return CameraIntrinsics(
      fx: k[0], fy: k[1], cx: k[2], cy: k[3], size: ImageSize(width: width, height: height))
  }

  private static func time(
    _ header: JSONValue, _ monotonicFromRealtime: Int64
  ) throws(WireFormatError) -> MonotonicTime {
    let seconds = try whole("stamp.sec", header["stamp"]?["sec"], 0...8_999_999_999)
    let fraction = try whole("stamp.nsec", header["stamp"]?["nsec"], 0...999_999_999)
    let nanoseconds = Int64(seconds) * 1_000_000_000 + Int64(fraction)
    switch header["clock"]?.string {
    case "monotonic": return MonotonicTime(nanoseconds: nanoseconds)
    case "realtime": return MonotonicTime(nanoseconds: nanoseconds &+ monotonicFromRealtime)
    case let other:
      throw .malformedFrame(reason: "clock is \"\(other ?? "")\"; monotonic and realtime are known")
    }
  }

  private static func whole(
    _ name: String, _ value: JSONValue?, _ range: ClosedRange<Int>
  ) throws(WireFormatError) -> Int {
    guard let number = value?.number, let whole = Int(exactly: number), range.contains(whole) else {
      throw .malformedFrame(
        reason: "\"\(name)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }
}

extension RangeMessage.Content {
  /// Bytes of the payload.
  public var byteCount: Int {
    switch self {
    case .points(let count): 12 * count
    case .depthMeters(let camera): 4 * camera.size.pixelCount
    case .depthMillimeters(let camera): 2 * camera.size.pixelCount
    }
  }
}
