import CANSignals
import Odometry
import Quantities
import Testing

@Suite struct CANOdometryTests {
  private func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  private func frame(_ identifier: String, _ bytes: [UInt8], at milliseconds: Int64) throws -> CANFrame {
    CANFrame(
      identifier: try #require(CANIdentifier(text: identifier)), bytes: bytes, time: time(milliseconds))
  }

  private func speedAndYaw() throws -> CANOdometry {
    var layout = CANOdometryLayout()
    layout.speed = try CANSignal(text: "0x100 0|16@1- (0.01,0) m/s counter 56|4@1")
    layout.yawRate = try CANSignal(text: "0x200 0|16@1- (0.001,0) rad/s")
    return CANOdometry(layout)
  }

  private func speed(_ centimeters: UInt8, count: UInt8, at milliseconds: Int64) throws -> CANFrame {
    try frame("0x100", [centimeters, 0, 0, 0, 0, 0, 0, count], at: milliseconds)
  }

  @Test
  func `a sample needs every signal and lies between their times`() throws {
    var odometry = try speedAndYaw()
    #expect(odometry.take(try speed(150, count: 0, at: 10)) == .taken)
    let outcome = odometry.take(try frame("0x200", [0xF4, 0xFF], at: 14))
    #expect(
      outcome
        == .sample(
          OdometrySample(time: time(12), speedMetersPerSecond: 1.5, yawRateRadiansPerSecond: -0.012)))
    // The faster signal waits for the slower one; its newest value counts.
    #expect(odometry.take(try frame("0x200", [1, 0], at: 16)) == .taken)
    #expect(odometry.take(try frame("0x200", [2, 0], at: 18)) == .taken)
    #expect(
      odometry.take(try speed(160, count: 1, at: 20))
        == .sample(
          OdometrySample(time: time(19), speedMetersPerSecond: 1.6, yawRateRadiansPerSecond: 0.002)))
    #expect(odometry.take(try frame("0x201", [1, 0], at: 21)) == .foreign)
    #expect(odometry.counts.frames == 5)
  }

  @Test
  func `a signal that stays away ends the odometry`() throws {
    var odometry = try speedAndYaw()
    for step in 0..<50 as Range<Int64> {
      #expect(odometry.take(try speed(10, count: UInt8(step % 16), at: step * 10)) == .taken)
    }
  }

  @Test
  func `counters find losses, a sender that hangs and one that does not count`() throws {
    var odometry = try speedAndYaw()
    _ = odometry.take(try speed(10, count: 3, at: 0))
    _ = odometry.take(try speed(10, count: 5, at: 20))
    #expect(odometry.counts.missing == 1)
    #expect(odometry.take(try speed(10, count: 5, at: 30)) == .fault(.counterRepeated(.speed)))
    #expect(odometry.take(try speed(10, count: 12, at: 40)) == .fault(.counterJumped(.speed)))
    #expect(odometry.counts.counterFaults == 2)
    #expect(odometry.take(try speed(10, count: 13, at: 50)) == .taken)
  }

  @Test
  func `frames that cannot be used are counted with their reason`() throws {
    var odometry = try speedAndYaw()
    let outcome = odometry.take(try frame("0x100", [1], at: 0))
    guard case .fault(let fault) = outcome else {
      Issue.record("taken")
      return
    }
    #expect(fault.description.contains("0x100 has 1 bytes, too few for odometry.can.speed"))
    #expect(odometry.counts.unusable == 1)
  }

  @Test
  func `two wheels in one frame make speed and yaw rate`() throws {
    var layout = CANOdometryLayout()
    layout.left = try CANSignal(text: "0x1A0 7|16@0+ (0.1,0) rpm counter 39|8@0")
    layout.right = try CANSignal(text: "0x1A0 23|16@0+ (0.1,0) rpm counter 39|8@0")
    layout.leftRadiusMeters = 0.3
    layout.rightRadiusMeters = 0.3
    layout.trackMeters = 1.5
    var odometry = CANOdometry(layout)
    // 60 and 66 rpm.
    guard case .sample(let sample) = odometry.take(try frame("0x1A0", [2, 0x58, 2, 0x94, 0], at: 5)) else {
      Issue.record("no sample")
      return
    }
    let (left, right) = (60 * Double.pi / 30 * 0.3, 66 * Double.pi / 30 * 0.3)
    #expect(abs(sample.speedMetersPerSecond - (left + right) / 2) < 1e-12)
    #expect(abs(sample.yawRateRadiansPerSecond - (right - left) / 1.5) < 1e-12)
    // One lost frame with two signals is one lost frame.
    _ = odometry.take(try frame("0x1A0", [2, 0x58, 2, 0x94, 2], at: 25))
    #expect(odometry.counts.missing == 1)
    _ = odometry.take(try frame("0x1A0", [2, 0x58, 2, 0x94, 2], at: 45))
    #expect(odometry.counts.counterFaults == 1)
  }

  @Test
  func `a gyroscope is believed before the wheels`() throws {
    var layout = CANOdometryLayout()
    layout.left = try CANSignal(text: "0x1A0 0|8@1+ (0.1,0) m/s")
    layout.right = try CANSignal(text: "0x1A0 8|8@1+ (0.1,0) m/s")
    layout.yawRate = try CANSignal(text: "0x1A0 16|8@1- (1,0) deg/s")
    var odometry = CANOdometry(layout)
    guard case .sample(let sample) = odometry.take(try frame("0x1A0", [10, 20, 0xF6], at: 5)) else {
      Issue.record("no sample")
      return
    }
    #expect(abs(sample.speedMetersPerSecond - 1.5) < 1e-12)
    #expect(abs(sample.yawRateRadiansPerSecond + 10 * .pi / 180) < 1e-12)
  }

  @Test
  func `encoder ticks on the bus add up to the distance driven`() throws {
    var layout = CANOdometryLayout()
    layout.left = try CANSignal(text: "0x1A0 0|8@1+ (1,0) ticks")
    layout.right = try CANSignal(text: "0x1A0 8|8@1+ (1,0) ticks")
    layout.leftRadiusMeters = 0.1
    layout.rightRadiusMeters = 0.1
    layout.trackMeters = 0.5
    layout.ticksPerRevolution = 200
    var odometry = CANOdometry(layout)
    var distance = 0.0
    for step in 0...100 as ClosedRange<Int64> {
      let count = UInt8(step * 7 % 256)
      let outcome = odometry.take(try frame("0x1A0", [count, count], at: step * 20))
      if case .sample(let sample) = outcome { distance += sample.speedMetersPerSecond * 0.02 }
    }
    #expect(abs(distance - 700 * 2 * .pi * 0.1 / 200) < 1e-9)
  }
}
