public import Quantities
public import WireFormat

/// Why an odometry message was not taken.
public enum OdometryError: ReportableError, Equatable {
  /// Not a JSON object.
  case malformed(WireFormatError)
  case missingField(String)
  /// A field has another shape than the message format says.
  case wrongType(field: String, wanted: String)
  /// Outside what any wheeled robot does; `limit` in the field's unit.
  case implausible(field: String, value: Double, limit: Double)
  /// A clock whose relation to this machine's monotonic clock is unknown.
  case wrongClock(String)

  public var severity: ErrorSeverity { .skip }

  public var description: String {
    switch self {
    case .malformed(let error):
      "odometry message: \(error); NaN and infinity are not JSON: leave the message out instead"
    case .missingField(let field):
      "odometry message without \"\(field)\"; needed are stamp.sec, stamp.nsec, clock, linear and angular"
    case .wrongType(let field, let wanted):
      "odometry message: \"\(field)\" must be \(wanted)"
    case .implausible(let field, let value, let limit):
      "odometry message: \(field) is \(value), beyond \(limit); check its unit (m/s, rad/s, s, ns)"
    case .wrongClock(let clock):
      "odometry message: clock \"\(clock)\" is unknown; stamp with \"monotonic\" or \"realtime\""
    }
  }
}
