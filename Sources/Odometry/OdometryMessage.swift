public import Quantities
import WireFormat

/// One odometry message as robots send it: JSON with `stamp {sec, nsec}`, `clock`, `linear` (m/s) and
/// `angular` (rad/s) in the body's axes (REP 103), and optionally `frame`, `seq` and `cov` (36 numbers,
/// row-major).
///
/// - Source: docs/wire.md, "Odometry input".
public struct OdometryMessage: Equatable, Sendable {
  /// The fastest speed and turn that are believed.
  public static let largestSpeedMetersPerSecond = 100.0
  public static let largestYawRateRadiansPerSecond = 50.0

  public var sample: OdometrySample
  /// The frame whose motion this is, for example `base_link`; nil = not said.
  public var frame: String?
  public var sequence: UInt64?
  /// Variances of forward speed (m2/s2) and yaw rate (rad2/s2); nil = not said.
  public var speedVariance: Double?
  public var yawRateVariance: Double?

  /// Reads one message.
  /// - Parameters:
  ///   - bytes: the JSON object.
  ///   - monotonicFromRealtime: nanoseconds to add to a realtime stamp to have this machine's monotonic time.
  public init(
    parsing bytes: UnsafeRawBufferPointer, monotonicFromRealtime: Int64
  ) throws(OdometryError) {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes) } catch { throw .malformed(error) }
    let time = try Self.time(json, monotonicFromRealtime: monotonicFromRealtime)
    let speed = try Self.vector("linear", json)[0]
    let yawRate = try Self.vector("angular", json)[2]
    try Self.check("linear[0]", speed, limit: Self.largestSpeedMetersPerSecond)
    try Self.check("angular[2]", yawRate, limit: Self.largestYawRateRadiansPerSecond)
    sample = OdometrySample(time: time, speedMetersPerSecond: speed, yawRateRadiansPerSecond: yawRate)
    frame = json["frame"]?.string
    if let value = json["seq"] { sequence = UInt64(try Self.whole("seq", value, below: 0x1p53)) }
    if let value = json["cov"] {
      let covariance = try Self.numbers("cov", value, count: 36)
      speedVariance = covariance[0]
      yawRateVariance = covariance[35]
    }
  }

  private static func time(
    _ json: JSONValue, monotonicFromRealtime: Int64
  ) throws(OdometryError) -> MonotonicTime {
    guard let stamp = json["stamp"] else { throw .missingField("stamp") }
    guard let seconds = stamp["sec"] else { throw .missingField("stamp.sec") }
    guard let fraction = stamp["nsec"] else { throw .missingField("stamp.nsec") }
    let nanoseconds =
      Int64(try whole("stamp.sec", seconds, below: 9e9)) * 1_000_000_000
      + Int64(try whole("stamp.nsec", fraction, below: 1e9))
    guard let clock = json["clock"] else { throw .missingField("clock") }
    switch clock.string {
    case "monotonic": return MonotonicTime(nanoseconds: nanoseconds)
    case "realtime": return MonotonicTime(nanoseconds: nanoseconds &+ monotonicFromRealtime)
    case .some(let other): throw .wrongClock(other)
    case .none: throw .wrongType(field: "clock", wanted: "a text")
    }
  }

  private static func vector(_ field: String, _ json: JSONValue) throws(OdometryError) -> [Double] {
    guard let value = json[field] else { throw .missingField(field) }
    return try numbers(field, value, count: 3)
  }

  private static func numbers(
    _ field: String, _ value: JSONValue, count: Int
  ) throws(OdometryError) -> [Double] {
    let numbers = value.array?.compactMap(\.number) ?? []
    guard numbers.count == count, value.array?.count == count else {
      throw .wrongType(field: field, wanted: "\(count) numbers")
    }
    return numbers
  }

  private static func whole(
    _ field: String, _ value: JSONValue, below limit: Double
  ) throws(OdometryError) -> Double {
    guard let number = value.number, number.rounded() == number, number >= 0 else {
      throw .wrongType(field: field, wanted: "a whole number from 0")
    }
    try check(field, number, limit: limit)
    return number
  }

  private static func check(_ field: String, _ value: Double, limit: Double) throws(OdometryError) {
    guard abs(value) < limit else { throw .implausible(field: field, value: value, limit: limit) }
  }
}
