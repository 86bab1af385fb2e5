import Glibc
public import Quantities

/// The wheels of an axle that does not steer, and what their speeds say about the body.
///
/// The body's reference point is the middle of the axle.
public struct DifferentialDrive: Hashable, Sendable {
  public var leftRadiusMeters: Double
  public var rightRadiusMeters: Double
  /// Between the two wheels' points of contact, metres.
  public var trackMeters: Double

  public init(leftRadiusMeters: Double, rightRadiusMeters: Double, trackMeters: Double) {
    self.leftRadiusMeters = leftRadiusMeters
    self.rightRadiusMeters = rightRadiusMeters
    self.trackMeters = trackMeters
  }

  /// Speed, m/s, and yaw rate, rad/s to the left, of the body.
  public struct Velocity: Equatable, Sendable {
    public var speed: Double
    public var yawRate: Double

    public init(speed: Double, yawRate: Double) {
      self.speed = speed
      self.yawRate = yawRate
    }
  }

  /// - Parameters: how fast the wheels' rims go, m/s.
  /// - Source: v = (v_r + v_l) / 2, w = (v_r - v_l) / track.
  public func velocity(left: Double, right: Double) -> Velocity {
    Velocity(speed: 0.5 * (left + right), yawRate: (right - left) / trackMeters)
  }

  /// - Parameters: how fast the wheels turn, rad/s.
  public func velocity(leftTurning left: Double, rightTurning right: Double) -> Velocity {
    velocity(left: left * leftRadiusMeters, right: right * rightRadiusMeters)
  }
}

/// The encoder of one wheel: a counter that grows with the turning wheel and starts again when it is full.
public struct WheelTicks: Sendable {
  /// How fast the wheel turned between two readings.
  public struct Turning: Equatable, Sendable {
    /// Positive forward.
    public var radiansPerSecond: Double
    /// The middle between the two readings.
    public var time: MonotonicTime
  }

  private let radiansPerTick: Double
  /// Bits of the counter that do not exist.
  private let unusedBits: UInt64
  private var last: (count: UInt64, time: MonotonicTime)?

  /// - Parameters:
  ///   - ticksPerRevolution: of the wheel, gear included.
  ///   - counterBits: 1 to 64; half of the counter's period must be more than what turns between two readings.
  public init(ticksPerRevolution: Double, counterBits: Int) {
    precondition(ticksPerRevolution > 0 && (1...64).contains(counterBits), "an encoder has ticks and bits")
    radiansPerTick = 2 * .pi / ticksPerRevolution
    unusedBits = UInt64(64 - counterBits)
  }

  /// Takes a reading; nil for the first one, and when no time has passed.
  public mutating func update(_ count: UInt64, at time: MonotonicTime) -> Turning? {
    defer { last = (count, time) }
    guard let last, time > last.time else { return nil }
    // Difference in the counter's own length, in two's complement: backward counts are negative.
    let ticks = Int64(bitPattern: (count &- last.count) << unusedBits) >> Int64(unusedBits)
    let elapsed = time - last.time
    return Turning(
      radiansPerSecond: Double(ticks) * radiansPerTick / (Double(elapsed) * 1e-9),
      time: last.time + elapsed / 2)
  }

  /// Forgets the last reading.
  public mutating func reset() { last = nil }
}
