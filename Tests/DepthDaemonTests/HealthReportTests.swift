import Capture
import DepthDaemon
import DepthPipeline
import Quantities
import Testing
import WireFormat

struct HealthReportTests {
  /// A daemon in good health, ten seconds after its start.
  private func healthy() -> HealthReport.Observation {
    var now = HealthReport.Observation(time: MonotonicTime(seconds: 10))
    now.capture = .streaming
    now.published = 100
    now.nominalRateHz = 20
    now.rateHz = 19
    now.isCalibrated = true
    now.perception.report = FrameReport(
      scale: ScaleEstimate(value: 1, logSigma: 0.05, state: .locked, sources: .constant))
    now.perception.lastPublished = MonotonicTime(seconds: 9.9)
    return now
  }

  @Test func `depth that flows at its rate is well`() {
    let message = HealthReport.evaluate(healthy(), camera: "front")
    #expect(message.verdict == .ok)
    #expect(message.reason == nil)
    #expect(message.degraded.names.isEmpty)
  }

  @Test func `a camera that cannot deliver is down with the camera's own words`() throws {
    let error = CaptureError.badSource(source: "drive:x", reason: "there is no such folder")
    var now = healthy()
    now.capture = .unavailable(error)
    let message = HealthReport.evaluate(now, camera: "front")
    #expect(message.verdict == .down)
    #expect(message.reason == error.description)
  }

  @Test func `frames that bring no depth for a second are down`() {
    var now = healthy()
    now.perception.lastPublished = MonotonicTime(seconds: 8.9)
    #expect(HealthReport.evaluate(now, camera: "front").verdict == .down)
  }

  @Test func `a slow machine is not a dead one`() {
    var now = healthy()
    now.perception.report?.timings.infer = 900_000_000
    now.perception.lastPublished = MonotonicTime(seconds: 8)
    now.nominalRateHz = 0
    #expect(HealthReport.evaluate(now, camera: "front").verdict == .ok)
  }

  @Test func `a camera of one frame in two seconds is slow by nature, and no stall`() {
    var now = healthy()
    now.nominalRateHz = 0.5
    (now.arrivalRateHz, now.rateHz) = (0.5, 0.5)
    now.perception.lastPublished = MonotonicTime(seconds: 6)
    #expect(HealthReport.evaluate(now, camera: "front").verdict == .ok)
    now.perception.lastPublished = MonotonicTime(seconds: 4.5)
    #expect(HealthReport.evaluate(now, camera: "front").verdict == .down)
  }

  @Test func `a low rate is laid to the camera when its frames do not arrive`() {
    var now = healthy()
    (now.arrivalRateHz, now.rateHz) = (5, 5)
    #expect(HealthReport.evaluate(now, camera: "front").reason?.contains("arrive") == true)
    now.arrivalRateHz = 20
    #expect(HealthReport.evaluate(now, camera: "front").reason?.contains("processed") == true)
  }

  private typealias Change = @Sendable (inout HealthReport.Observation) -> Void

  private static let drawbacks: [(String, Change)] = [
    ("no_odometry", { @Sendable in $0.expectsOdometry = true }),
    ("no_calibration", { @Sendable in $0.isCalibrated = false }),
    ("low_rate", { @Sendable in $0.rateHz = 5 }),
    ("unscaled", { @Sendable in $0.perception.report?.scale.state = .unscaled }),
  ]

  @Test(arguments: drawbacks)
  func `what lowers the worth of depth is named`(
    word: String, spoil: @Sendable (inout HealthReport.Observation) -> Void
  ) {
    var now = healthy()
    spoil(&now)
    let message = HealthReport.evaluate(now, camera: "front")
    #expect(message.verdict == .degraded)
    #expect(message.degraded.names == [word])
    #expect(message.reason != nil)
  }

  @Test(arguments: [ScaleEstimate.State.locked, .conflict])
  func `a camera that was moved is named, also while its height contradicts odometry`(
    state: ScaleEstimate.State
  ) {
    var now = healthy()
    now.perception.report?.scale.state = state
    now.cameraMoved = "pitch changed by 3.0 degrees"
    let reason = HealthReport.evaluate(now, camera: "front").reason
    #expect(reason?.contains("remount? pitch changed by 3.0 degrees") == true)
    now.cameraMoved = nil
    #expect(HealthReport.evaluate(now, camera: "front").reason?.contains("remount") != true)
  }

  @Test func `a pipeline that cannot be built is down and says why`() {
    var now = healthy()
    let failure = PipelineError.calibration("made for 1280x720, frames are 640x360")
    now.perception.failure = failure
    #expect(HealthReport.evaluate(now, camera: "front").reason == failure.description)
  }
}
