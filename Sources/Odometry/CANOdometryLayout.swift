public import CANSignals

/// Which signals on a bus say how the robot moves.
///
/// Either `speed` and `yawRate`, or `left` and `right` (of wheels; with `yawRate` beside them, that one is used, since
/// a gyroscope does not slip).
public struct CANOdometryLayout: Hashable, Sendable {
  /// What a signal stands for.
  public enum Role: String, CaseIterable, Sendable {
    case speed
    case yawRate = "yaw_rate"
    case left, right
  }

  public var speed: CANSignal?
  public var yawRate: CANSignal?
  public var left: CANSignal?
  public var right: CANSignal?
  /// Rolling radii, metres: needed where a signal is an angle per time, or ticks. A `speed` that is one is that of the
  /// shaft, with the mean of both.
  public var leftRadiusMeters: Double?
  public var rightRadiusMeters: Double?
  /// Between the wheels, metres: needed for `left` and `right` without `yawRate`.
  public var trackMeters: Double?
  /// Needed where `left` and `right` are ticks.
  public var ticksPerRevolution: Double?

  public init() {}

  /// The signal of a role.
  public subscript(role: Role) -> CANSignal? {
    switch role {
    case .speed: speed
    case .yawRate: yawRate
    case .left: left
    case .right: right
    }
  }

  /// The frames that hold any of them.
  public var identifiers: Set<CANIdentifier> { Set(Role.allCases.compactMap { self[$0]?.identifier }) }
}
