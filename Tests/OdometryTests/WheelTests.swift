import Glibc
import Odometry
import Quantities
import Testing

@Suite struct WheelTests {
  private let drive = DifferentialDrive(leftRadiusMeters: 0.1, rightRadiusMeters: 0.1, trackMeters: 0.5)

  @Test(arguments: [
    (1.0, 1.0, 1.0, 0.0), (-1, -1, -1, 0), (-0.5, 0.5, 0, 2), (0.5, -0.5, 0, -2), (0, 1, 0.5, 2),
    (1, 0, 0.5, -2),
  ])
  func `two rims make a speed and a turn to the slower one's side`(
    left: Double, right: Double, speed: Double, yawRate: Double
  ) {
    #expect(drive.velocity(left: left, right: right) == .init(speed: speed, yawRate: yawRate))
  }

  @Test
  func `wheels of different radius that turn alike make a bend`() {
    let worn = DifferentialDrive(leftRadiusMeters: 0.1, rightRadiusMeters: 0.099, trackMeters: 0.5)
    let velocity = worn.velocity(leftTurning: 10, rightTurning: 10)
    #expect(abs(velocity.speed - 0.995) < 1e-12)
    #expect(abs(velocity.yawRate + 0.02) < 1e-12)
  }

  private func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  @Test
  func `ticks become a speed at the middle of their interval`() {
    var wheel = WheelTicks(ticksPerRevolution: 100, counterBits: 16)
    #expect(wheel.update(65_530, at: time(0)) == nil)
    // Past the counter's end: ten ticks in 100 ms are a tenth of a revolution.
    let turning = wheel.update(4, at: time(100))
    #expect(abs((turning?.radiansPerSecond ?? 0) - 2 * .pi) < 1e-12)
    #expect(turning?.time == time(50))
  }

  @Test
  func `a wheel that rolls back counts down past zero`() {
    var wheel = WheelTicks(ticksPerRevolution: 100, counterBits: 8)
    _ = wheel.update(3, at: time(0))
    let turning = wheel.update(254, at: time(100))
    #expect(abs((turning?.radiansPerSecond ?? 0) + 0.05 * 2 * .pi * 10) < 1e-12)
    #expect(wheel.update(254, at: time(100)) == nil)
    #expect(wheel.update(254, at: time(200))?.radiansPerSecond == 0)
    wheel.reset()
    #expect(wheel.update(9, at: time(300)) == nil)
  }
}
