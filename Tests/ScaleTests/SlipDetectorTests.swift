import Quantities
import Scale
import Testing

struct SlipDetectorTests {
  private func motion(
    _ step: Int, speed: Double = 1, yaw: Double = 0, other: Double? = nil, still: Double? = nil
  ) -> ScaleMotion {
    ScaleMotion(
      time: MonotonicTime(seconds: 0.1 * Double(step)), speedMetersPerSecond: speed,
      yawRateRadiansPerSecond: yaw, independentYawRate: other, staticShare: still)
  }

  @Test
  func `three frames of yaw rates that differ block the wheels for a second`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...2 { slip.look(motion(step, yaw: 0.3, other: 0.1)) }
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 0.2)) == nil)
    slip.look(motion(3, yaw: 0.3, other: 0.1))
    #expect(slip.lastSign == .yawRates && slip.count == 1)
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 1.2)) != nil)
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 1.4)) == nil)
  }

  @Test
  func `fifteen percent of a fast turn are no difference`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...20 { slip.look(motion(step, yaw: 2.2, other: 2.0)) }
    #expect(slip.count == 0)
  }

  @Test
  func `a speed that jumps is a slip`() {
    var slip = SlipDetector(settings: .init())
    slip.look(motion(1, speed: 1))
    slip.look(motion(2, speed: 1.3))
    #expect(slip.count == 0)
    slip.look(motion(3, speed: 2))
    #expect(slip.lastSign == .acceleration)
  }

  @Test
  func `wheels that turn before a still image are stuck`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...4 { slip.look(motion(step, still: 0.9)) }
    #expect(slip.count == 0)
    slip.look(motion(5, still: 0.9))
    #expect(slip.lastSign == .immobilised)
  }

  @Test
  func `five observations far too high count only while yaw rates differ`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...10 {
      slip.look(motion(step))
      slip.hear(innovationSigmas: 3.5, at: MonotonicTime(seconds: 0.1 * Double(step)))
    }
    #expect(slip.count == 0)
  }

  @Test
  func `wheels that jumped are not believed until they jump back`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...10 { slip.look(motion(step, speed: 3)) }
    for step in 11...60 { slip.look(motion(step, speed: 3.9)) }
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 6)) != nil && slip.count == 1)
    for step in 61...71 { slip.look(motion(step, speed: 3)) }
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 7.2)) == nil)
  }

  @Test
  func `a speed that stays where it jumped to is believed after a while`() {
    var slip = SlipDetector(settings: .init())
    for step in 1...10 { slip.look(motion(step, speed: 3)) }
    for step in 11...130 { slip.look(motion(step, speed: 3.9)) }
    #expect(slip.blockedSeconds(at: MonotonicTime(seconds: 13)) == nil)
  }
}
