// The configured height of the camera against the one that images and odometry measure, on simulated looks.
import Foundation
import Geometry
import Quantities
import Scale
import Testing

@Suite struct HeightConflictTests {
  /// A drive at 10 Hz of a scale that is learned by images, with a look at the height twice a second.
  private struct Drive {
    var tracker = ScaleTracker(prior: ScalePrior(logScale: 0, logSigma: 0.15), settings: ScaleSettings())
    var configured: Double
    /// As images and odometry see it; nil = they do not look.
    var measured: Double? = 1.5
    var scatter: Double
    var hasPoints: Bool
    /// Factor of the network's own ground; nil = none.
    var networkGround: Double?
    private(set) var seconds = 0.0
    private var random = SeededNormal(seed: 3)

    init(
      configured: Double = 1.5, scatter: Double = 0.05, hasPoints: Bool = false, networkGround: Double? = nil
    ) {
      self.configured = configured
      self.scatter = scatter
      self.hasPoints = hasPoints
      self.networkGround = networkGround
    }

    var now: MonotonicTime { MonotonicTime(seconds: seconds) }

    private func scale(_ source: ScaleObservation.Source, _ logScale: Double) -> ScaleObservation {
      ScaleObservation(
        source: source, time: now, logScale: logScale, variance: 0.001, distanceMeters: 0.5, gate: .passed)
    }

    mutating func drive(seconds duration: Double, until condition: (ScaleTracker) -> Bool = { _ in false }) {
      let end = seconds + duration
      while seconds < end - 1e-9, !condition(tracker) {
        seconds += 0.1
        tracker.advance(ScaleMotion(time: now, speedMetersPerSecond: 1, yawRateRadiansPerSecond: 0))
        _ = tracker.take(scale(.photometric, log(1.2) + 0.03 * random.next()))
        if hasPoints { _ = tracker.take(scale(.points, log(1.2) + 0.01 * random.next())) }
        if let networkGround {
          _ = tracker.take(scale(.ground, log(1.2 * networkGround) + 0.03 * random.next()))
        }
        guard let measured, Int((seconds * 10).rounded()) % 5 == 0 else { continue }
        let height = measured * exp(scatter * random.next())
        tracker.take(
          HeightObservation(
            time: now, configuredMeters: configured,
            mount: CameraMount(heightMeters: height, pitchRadians: 0), variance: scatter * scatter,
            distanceMeters: 0.5, gate: .passed))
      }
    }
  }

  @Test(arguments: [0.95, 1.0, 1.06])
  func `a height that is right to a few percent is no conflict`(factor: Double) {
    var drive = Drive(configured: 1.5 * factor)
    drive.drive(seconds: 120) { $0.state == .conflict }
    #expect(drive.tracker.state == .locked)
    #expect(drive.tracker.height.agreement.verdict == .agree)
  }

  @Test(arguments: [0.7, 0.8, 1.2, 1.3, 1.5])
  func `a wrong height is a conflict within ten seconds, and the scale stays as it was`(factor: Double) throws
  {
    var drive = Drive(configured: 1.5 * factor)
    drive.drive(seconds: 60) { $0.state == .conflict }
    #expect(drive.seconds < 10)
    let before = drive.tracker.filter.logScale
    drive.drive(seconds: 60)
    #expect(drive.tracker.state == .conflict && drive.tracker.filter.logScale == before)
    let reason = try #require(drive.tracker.report.reason)
    #expect(reason.contains("configured \((150 * factor).rounded() / 100) m"))
    #expect(reason.contains("images and odometry say 1."))
  }

  @Test func `a camera that sinks while it drives is a conflict, and none when it is set right`() {
    var drive = Drive()
    drive.drive(seconds: 60)
    #expect(drive.tracker.state == .locked)
    let before = drive.tracker.filter.logScale
    drive.measured = 1.15
    drive.drive(seconds: 60) { $0.state == .conflict }
    #expect(drive.seconds < 80)
    #expect(abs(drive.tracker.filter.logScale - before) < 0.01)
    drive.measured = 1.5
    drive.drive(seconds: 60) { $0.state == .locked }
    #expect(drive.tracker.state == .locked)
  }

  @Test func `a network that bends the floor contradicts nothing once images have measured the height`() {
    var drive = Drive(networkGround: 1.3)
    drive.drive(seconds: 120) { $0.state == .conflict }
    #expect(drive.tracker.state == .locked)
  }

  @Test func `range points need neither height nor wheels`() {
    var drive = Drive(configured: 2, hasPoints: true)
    drive.drive(seconds: 60)
    #expect(drive.tracker.state == .locked)
    #expect(drive.tracker.height.agreement.verdict == .conflict)
  }

  @Test func `looks that scatter widely accuse nobody`() {
    var drive = Drive(configured: 1.8, scatter: 0.4)
    drive.drive(seconds: 30) { $0.state == .conflict }
    #expect(drive.tracker.state == .locked)
  }

  @Test func `a conflict that nobody looks at any more is forgotten`() {
    var drive = Drive(configured: 2)
    drive.drive(seconds: 20)
    #expect(drive.tracker.state == .conflict)
    drive.measured = nil
    drive.drive(seconds: 70)
    #expect(drive.tracker.state != .conflict && drive.tracker.height.heightMeters == nil)
  }
}
