public import CANSignals
import Glibc
public import Quantities

/// Makes odometry of the frames of a CAN bus.
///
/// A sample comes when every signal has spoken since the last one; its time is the mean of theirs. A signal that stays
/// away therefore ends the odometry, instead of living on as its last value.
public struct CANOdometry: Sendable {
  public typealias Role = CANOdometryLayout.Role

  /// What was wrong with a frame.
  public enum Fault: Equatable, Sendable, CustomStringConvertible {
    case tooShort(Role, CANIdentifier, bytes: Int)
    case flaggedInvalid(Role)
    case outOfRange(Role, value: Double)
    case counterRepeated(Role)
    case counterJumped(Role)

    public var description: String {
      switch self {
      case .tooShort(let role, let identifier, let bytes):
        "frame \(identifier) has \(bytes) bytes, too few for odometry.can.\(role.rawValue): check its place"
      case .flaggedInvalid(let role):
        "the sender flags \(role.rawValue) as not valid"
      case .outOfRange(let role, let value):
        "\(role.rawValue) is \(value), outside the range that odometry.can.\(role.rawValue) states"
      case .counterRepeated(let role):
        "the counter of \(role.rawValue) stands still: the sender repeats an old value, or the counter's place is wrong"
      case .counterJumped(let role):
        "the counter of \(role.rawValue) jumps: frames are lost, two senders share the frame, or its place is wrong"
      }
    }
  }

  /// What became of the frames.
  public struct Counts: Equatable, Sendable {
    /// With an identifier that is wanted.
    public var frames: UInt64 = 0
    /// Too short, flagged or out of range.
    public var unusable: UInt64 = 0
    /// Frames lost on the way, by their counters.
    public var missing: UInt64 = 0
    /// Refused because of their counters.
    public var counterFaults: UInt64 = 0

    public init() {}
  }

  /// What came of one frame.
  public enum Outcome: Equatable, Sendable {
    /// Its identifier is none of the wanted ones.
    case foreign
    /// Taken in; others are still awaited.
    case taken
    case sample(OdometrySample)
    /// At least one of its signals was not used.
    case fault(Fault)
  }

  private struct Channel: Sendable {
    let role: Role
    let signal: CANSignal
    var counter: CANCounterWatch?
    var ticks: WheelTicks?
    /// The newest value since the last sample.
    var fresh: (value: Double, time: MonotonicTime)?
  }

  /// A length that is not stated is NaN: what would need it comes out as no number, which nobody takes in.
  private let drive: DifferentialDrive
  private var channels: [Channel]
  public private(set) var counts = Counts()

  /// - Parameter layout: complete, as `Configuration` checks it.
  public init(_ layout: CANOdometryLayout) {
    drive = DifferentialDrive(
      leftRadiusMeters: layout.leftRadiusMeters ?? .nan, rightRadiusMeters: layout.rightRadiusMeters ?? .nan,
      trackMeters: layout.trackMeters ?? .nan)
    channels = Role.allCases.compactMap { role in
      layout[role].map { signal in
        var channel = Channel(role: role, signal: signal)
        channel.counter = signal.counter.map { CANCounterWatch(bits: $0.length) }
        if signal.unit == .ticks, let revolution = layout.ticksPerRevolution {
          channel.ticks = WheelTicks(ticksPerRevolution: revolution, counterBits: signal.field.length)
        }
        return channel
      }
    }
  }

  /// Takes one frame.
  public mutating func take(_ frame: CANFrame) -> Outcome {
    var isWanted = false
    var fault: Fault?
    var missing = 0
    for index in channels.indices where channels[index].signal.identifier == frame.identifier {
      isWanted = true
      // Signals of one frame may name the same counter: its losses count once.
      if let found = take(frame, intoChannel: index, missing: &missing) { fault = fault ?? found }
    }
    guard isWanted else { return .foreign }
    counts.frames += 1
    counts.missing += UInt64(missing)
    switch fault {
    case nil: return makeSample().map(Outcome.sample) ?? .taken
    case .counterRepeated?, .counterJumped?: counts.counterFaults += 1
    case .tooShort?, .flaggedInvalid?, .outOfRange?: counts.unusable += 1
    }
    return fault.map(Outcome.fault) ?? .taken
  }

  private mutating func take(
    _ frame: CANFrame, intoChannel index: Int, missing: inout Int
  ) -> Fault? {
    let (role, signal) = (channels[index].role, channels[index].signal)
    if let place = signal.counter, let count = place.raw(in: frame) {
      switch channels[index].counter?.check(count) {
      case .repeated: return .counterRepeated(role)
      case .jumped:
        channels[index].ticks?.reset()
        return .counterJumped(role)
      case .inOrder(let lost): missing = max(missing, lost)
      case nil: break
      }
    }
    switch signal.read(frame) {
    case .value(let value, let raw):
      guard channels[index].ticks != nil else {
        channels[index].fresh = (value, frame.time)
        return nil
      }
      if let turning = channels[index].ticks?.update(raw, at: frame.time) {
        let direction = signal.scale < 0 ? -1.0 : 1.0
        channels[index].fresh = (direction * turning.radiansPerSecond, turning.time)
      }
      return nil
    case .tooShort: return .tooShort(role, frame.identifier, bytes: frame.byteCount)
    case .flaggedInvalid: return .flaggedInvalid(role)
    case .outOfRange(let value): return .outOfRange(role, value: value)
    }
  }

  /// The sample that the fresh values make; nil while one is awaited.
  private mutating func makeSample() -> OdometrySample? {
    guard let first = channels.first?.fresh, channels.allSatisfy({ $0.fresh != nil }) else { return nil }
    let offset = channels.reduce(Int64(0)) { sum, channel in
      sum + (channel.fresh.map { $0.time - first.time } ?? 0)
    }
    let time = first.time + offset / Int64(channels.count)
    var sample = OdometrySample(time: time, speedMetersPerSecond: 0, yawRateRadiansPerSecond: 0)
    if let left = rim(.left), let right = rim(.right) {
      let velocity = drive.velocity(left: left, right: right)
      sample.speedMetersPerSecond = velocity.speed
      sample.yawRateRadiansPerSecond = velocity.yawRate
    }
    if let speed = rim(.speed) { sample.speedMetersPerSecond = speed }
    if let rate = channels.first(where: { $0.role == .yawRate })?.fresh?.value {
      sample.yawRateRadiansPerSecond = rate
    }
    for index in channels.indices { channels[index].fresh = nil }
    return sample
  }

  /// How fast a role's wheel rolls, m/s.
  private func rim(_ role: Role) -> Double? {
    guard let channel = channels.first(where: { $0.role == role }), let value = channel.fresh?.value else {
      return nil
    }
    guard channel.signal.unit.kind != .distance else { return value }
    return switch role {
    case .left: value * drive.leftRadiusMeters
    case .right: value * drive.rightRadiusMeters
    case .speed, .yawRate: value * 0.5 * (drive.leftRadiusMeters + drive.rightRadiusMeters)
    }
  }
}
