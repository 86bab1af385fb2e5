import Scale
import Testing

struct ScaleGateReasonTests {
  @Test(arguments: [
    (ScaleGateReason.speed(found: 0.1, needed: 0.5), "speed 0.1 m/s, needs 0.5"),
    (.direction(found: 0.35, limit: 0.2618), "images and odometry differ by 20.1 deg in direction, limit 15"),
    (.photometricGain(found: 0.314, needed: 0.4), "motion explains 31 % of the image, needs 40"),
    (.pointCount(found: 3, needed: 30), "3 range points, needs 30"),
    (.baseline(found: .nan, needed: 0.1), "nan m between the frames, needs 0.1"),
  ])
  func `a reason says what was found and what is needed`(reason: ScaleGateReason, text: String) {
    #expect("\(reason)" == text)
  }
}
