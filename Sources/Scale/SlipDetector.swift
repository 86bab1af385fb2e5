import Glibc
public import Quantities

/// Notices that wheels do not tell how the robot moves: they slip, spin on the spot, or jump.
public struct SlipDetector: Equatable, Sendable {
  public enum Sign: String, Sendable {
    /// Wheels and gyroscope, or images, disagree about the turn.
    case yawRates
    /// The wheels' speed changed faster than grip allows.
    case acceleration
    /// The wheels turn and the image stands still.
    case immobilised
    /// Several observations far too high in a row while yaw rates differ.
    case innovations
  }

  public private(set) var count: UInt64 = 0
  public private(set) var lastSign: Sign?
  public var settings: ScaleSettings.Slip
  private var blockedUntil: MonotonicTime?
  /// ln of the factor by which jumps have changed the wheels' speed and not yet changed it back, and when the
  /// last of them was.
  private var openJump = 0.0
  private var jumped: MonotonicTime?
  private var last: ScaleMotion?
  private var yawRateRun = 0
  private var staticRun = 0
  private var innovationRun = 0
  private var yawRatesDiffer = false

  public init(settings: ScaleSettings.Slip) {
    self.settings = settings
  }

  /// Seconds for which observations that rest on wheels are still not to be used; nil when they may.
  public func blockedSeconds(at time: MonotonicTime) -> Double? {
    guard let until = blockedUntil, time < until else { return nil }
    return Double(until - time) * 1e-9
  }

  /// Between slower speeds, m/s, a jump is no change by a factor.
  private static let rollingSpeed = 0.1
  /// Jumps that cancel each other to within this, of the logarithm, are over.
  private static let closedJump = 0.1

  /// Looks at one frame's motion.
  public mutating func look(_ motion: ScaleMotion) {
    defer { last = motion }
    if let jumped, Double(motion.time - jumped) * 1e-9 >= settings.jumpSeconds { openJump = 0 }
    yawRatesDiffer = differ(motion)
    yawRateRun = yawRatesDiffer ? yawRateRun + 1 : 0
    if yawRateRun >= settings.yawRateCount { block(.yawRates, at: motion.time) }
    if let acceleration = acceleration(to: motion), acceleration > settings.largestAcceleration {
      noteJump(to: motion)
      block(.acceleration, at: motion.time)
    } else if isOff(at: motion.time) {
      block(.acceleration, at: motion.time)
    }
    if let share = motion.staticShare, let speed = motion.speedMetersPerSecond {
      let spins = abs(speed) > settings.standingSpeed && share >= settings.staticShare
      staticRun = spins ? staticRun + 1 : 0
      if staticRun >= settings.staticCount { block(.immobilised, at: motion.time) }
    }
  }

  /// Hears of an innovation of an observation that rests on wheels, in standard deviations.
  public mutating func hear(innovationSigmas: Double, at time: MonotonicTime) {
    innovationRun = innovationSigmas > settings.innovationSigmas && yawRatesDiffer ? innovationRun + 1 : 0
    if innovationRun >= settings.innovationCount { block(.innovations, at: time) }
  }

  private func differ(_ motion: ScaleMotion) -> Bool {
    guard let wheels = motion.yawRateRadiansPerSecond, let other = motion.independentYawRate else {
      return false
    }
    return abs(wheels - other) > max(settings.yawRateDifference, settings.yawRateShare * abs(other))
  }

  /// m/s2 since the last frame that had a speed and was neither the same nor long ago.
  private func acceleration(to motion: ScaleMotion) -> Double? {
    guard let last, let before = last.speedMetersPerSecond, let now = motion.speedMetersPerSecond else {
      return nil
    }
    let seconds = Double(motion.time - last.time) * 1e-9
    return seconds > 0.02 && seconds < 1 ? abs(now - before) / seconds : nil
  }

  /// Wheels that jumped are off until they jump back.
  private mutating func noteJump(to motion: ScaleMotion) {
    guard let before = last?.speedMetersPerSecond, let now = motion.speedMetersPerSecond else { return }
    jumped = motion.time
    // Who stops or starts hard need not do the other as hard.
    let isRolling = abs(now) > Self.rollingSpeed && abs(before) > Self.rollingSpeed
    openJump = isRolling ? openJump + log(abs(now / before)) : 0
  }

  /// Whether the wheels' speed jumped lately by more than what has jumped back.
  private func isOff(at time: MonotonicTime) -> Bool {
    guard let jumped, Double(time - jumped) * 1e-9 < settings.jumpSeconds else { return false }
    return abs(openJump) > Self.closedJump
  }

  private mutating func block(_ sign: Sign, at time: MonotonicTime) {
    if blockedSeconds(at: time) == nil { count += 1 }
    lastSign = sign
    blockedUntil = time + Int64(settings.blockSeconds * 1e9)
  }
}
