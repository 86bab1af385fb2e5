import Odometry
import Quantities
import Testing

@Suite struct OdometryPlausibilityTests {
  private func sample(_ milliseconds: Int64, _ speed: Double, _ yawRate: Double = 0) -> OdometrySample {
    OdometrySample(
      time: MonotonicTime(nanoseconds: milliseconds * 1_000_000), speedMetersPerSecond: speed,
      yawRateRadiansPerSecond: yawRate)
  }

  @Test
  func `what no robot does is not believed and says which limit it breaks`() {
    var judge = OdometryPlausibility()
    #expect(judge.doubt(sample(0, 61))?.description.contains("odometry.max_speed_mps") == true)
    #expect(judge.doubt(sample(0, -61)) != nil)
    #expect(judge.doubt(sample(0, 0, -11))?.description.contains("odometry.max_yaw_rate_rps") == true)
    #expect(judge.doubt(sample(0, 60, 10)) == nil)
  }

  @Test
  func `a single jump is an outlier and what comes after it is believed`() {
    var judge = OdometryPlausibility()
    #expect(judge.doubt(sample(0, 1)) == nil)
    #expect(judge.doubt(sample(20, 20))?.description.contains("odometry.max_acceleration_mps2") == true)
    #expect(judge.doubt(sample(40, 1.1)) == nil)
    #expect(judge.doubt(sample(60, -20)) != nil)
    #expect(judge.doubt(sample(80, 1.1)) == nil)
  }

  @Test
  func `samples in a row that agree show that the one before them was the outlier`() {
    var judge = OdometryPlausibility()
    #expect(judge.doubt(sample(0, 30)) == nil)
    #expect(judge.doubt(sample(20, 1)) != nil)
    #expect(judge.doubt(sample(40, 1)) != nil)
    #expect(judge.doubt(sample(60, 1)) == nil)
    #expect(judge.doubt(sample(80, 1)) == nil)
  }

  @Test
  func `noise of a dead sensor never agrees with itself`() {
    var judge = OdometryPlausibility()
    #expect(judge.doubt(sample(0, 0)) == nil)
    for step in 1...20 as ClosedRange<Int64> {
      #expect(judge.doubt(sample(step * 20, step % 2 == 0 ? 50 : -50)) != nil)
    }
  }

  @Test
  func
    `after a pause any speed is possible, and messages that come together are not judged by their spacing`()
  {
    var judge = OdometryPlausibility()
    #expect(judge.doubt(sample(0, 0)) == nil)
    #expect(judge.doubt(sample(1500, 20)) == nil)
    #expect(judge.doubt(sample(1501, 20.3)) == nil)
    judge.reset()
    #expect(judge.doubt(sample(1502, 0)) == nil)
  }
}
