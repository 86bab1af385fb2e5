import Foundation
import Quantities
import Scale
import Testing

struct ScaleTrackerTests {
  private func locked() -> TrackedDrive {
    var drive = TrackedDrive()
    drive.drive(seconds: 60)
    return drive
  }

  @Test(arguments: [log(1.25), log(0.5)])
  func `a wrong model is locked within thirty seconds of motion and right in the end`(truth: Double) {
    var drive = TrackedDrive()
    drive.truth = truth
    #expect(drive.tracker.estimate.state == .unscaled)
    #expect(drive.tracker.progressPercent == 0)
    drive.drive(seconds: 1)
    #expect(drive.state == .converging && !drive.tracker.estimate.isMetric)
    let seconds = drive.drive(atMost: 60) { $0.state == .locked }
    #expect(seconds < 30)
    #expect(drive.tracker.progressPercent == 100)
    drive.drive(seconds: 60)
    #expect(abs(drive.error) < 0.03)
    #expect(drive.tracker.estimate.sources == .photometric)
  }

  /// One look a second at a scale that is half the guess, until locked.
  private func lockedByLooks(_ lock: (inout ScaleSettings.Lock) -> Void) -> (
    tracker: ScaleTracker, looks: Int
  ) {
    var settings = ScaleSettings()
    lock(&settings.lock)
    var tracker = ScaleTracker(prior: ScalePrior(logScale: 0, logSigma: 0.3), settings: settings)
    var looks = 0
    while looks < 100, tracker.state != .locked {
      looks += 1
      let time = MonotonicTime(seconds: Double(looks))
      tracker.advance(ScaleMotion(time: time, speedMetersPerSecond: 1))
      _ = tracker.take(
        ScaleObservation(
          source: .photometric, time: time, logScale: log(0.5), variance: 0.0025, distanceMeters: 0.5,
          gate: .passed))
      #expect(tracker.state == .locked || tracker.progressPercent < 100)
    }
    return (tracker, looks)
  }

  @Test
  func `metres start where the estimate is, not where the guess had drawn it`() {
    // Locks with the look that leaves the guess out and moves the estimate most.
    let (tracker, looks) = lockedByLooks { $0.sigma = 0.06 }
    #expect(looks == 16)
    #expect(abs(tracker.filter.logScale - log(0.5)) < 1e-6)
    #expect(abs(log(tracker.estimate.value) - tracker.filter.logScale) < 1e-12)
  }

  @Test
  func `nothing locks before the guess can be left out`() {
    let (_, looks) = lockedByLooks {
      $0.sigma = 0.5
      $0.afterSeconds = 1
      $0.blockSeconds = 1
      $0.largestSpread = 1
    }
    #expect(looks == 16)
  }

  @Test
  func `without motion there is no lock, and the reason says so`() {
    var drive = TrackedDrive()
    var parked = TrackedDrive.Stretch()
    parked.speed = 0
    parked.staticShare = 1
    drive.drive(parked, seconds: 600)
    #expect(!drive.tracker.estimate.isMetric && drive.tracker.progressPercent < 10)
    #expect(drive.tracker.reason == "the robot stands still")
  }

  @Test
  func `the reason of a gate is told when nothing comes through`() {
    var drive = TrackedDrive()
    var slow = TrackedDrive.Stretch()
    slow.speed = 0.1
    slow.gate = .rejected(.speed(found: 0.1, needed: 0.5))
    drive.drive(slow, seconds: 5)
    #expect(drive.tracker.reason == "speed 0.1 m/s, needs 0.5")
    #expect(drive.tracker.report.rows.first?.reason == "speed 0.1 m/s, needs 0.5")
  }

  @Test
  func `ten minutes parked change nothing, the scale is held, and motion locks it again`() {
    var drive = locked()
    let before = drive.tracker.filter
    var parked = TrackedDrive.Stretch()
    parked.speed = 0
    drive.drive(parked, seconds: 1)
    let parkedFilter = drive.tracker.filter
    drive.drive(parked, seconds: 600)
    #expect(drive.state == .held && drive.tracker.estimate.isMetric)
    #expect(drive.tracker.filter == parkedFilter)
    #expect(abs(parkedFilter.logScale - before.logScale) < 0.01)
    drive.drive(seconds: 2)
    #expect(drive.state == .locked)
  }

  @Test
  func `thirty percent of slip for five seconds move the scale by less than three percent`() {
    var drive = locked()
    let before = drive.tracker.filter.logScale
    var slipping = TrackedDrive.Stretch()
    slipping.slip = 1.3
    drive.drive(slipping, seconds: 5)
    #expect(abs(drive.tracker.filter.logScale - before) < 0.03)
    #expect(drive.state == .locked)
  }

  @Test
  func `a minute without odometry is held, not lost, and not given to the ground`() {
    var drive = locked()
    let before = drive.tracker.filter.logScale
    var lost = TrackedDrive.Stretch()
    lost.speed = nil
    lost.heightError = 1.08
    drive.drive(lost, seconds: 61)
    #expect(drive.state == .held)
    #expect(drive.tracker.filter.logScale == before)
    drive.drive(seconds: 3)
    #expect(drive.state == .locked)
  }

  @Test(arguments: [1.3, 0.7])
  func `a camera height that is wrong by thirty percent is a conflict within ten seconds`(error: Double) {
    var drive = locked()
    let before = drive.tracker.filter.logScale
    var wrong = TrackedDrive.Stretch()
    wrong.heightError = error
    let seconds = drive.drive(wrong, atMost: 20) { $0.state == .conflict }
    #expect(seconds < 10)
    let frozen = drive.tracker.filter
    drive.drive(wrong, seconds: 60)
    #expect(drive.state == .conflict && drive.tracker.filter == frozen)
    #expect(abs(frozen.logScale - before) < 0.03)
    #expect(drive.tracker.reason?.contains("ground says") == true)
    var right = TrackedDrive.Stretch()
    right.heightError = 1
    #expect(drive.drive(right, atMost: 60) { $0.state == .locked } < 60)
  }

  @Test
  func `a right camera height is compared and never mixed in`() {
    var drive = locked()
    var withGround = TrackedDrive.Stretch()
    withGround.heightError = 1.05
    drive.drive(withGround, seconds: 120)
    #expect(drive.state == .locked)
    #expect(drive.tracker.estimate.sources == .photometric)
    #expect(abs(drive.error) < 0.03)
  }

  @Test
  func `the ground alone locks a scale when there is no odometry`() {
    var drive = TrackedDrive()
    var ground = TrackedDrive.Stretch()
    ground.speed = nil
    ground.photometric = false
    ground.heightError = 1
    drive.drive(ground, seconds: 60)
    #expect(drive.state == .locked && drive.tracker.estimate.sources == .height)
  }

  @Test
  func `a network whose scale has changed is learned anew when nobody supports the old one`() {
    var drive = locked()
    drive.truth = log(2.5)
    let seconds = drive.drive(atMost: 60) { $0.state == .converging }
    #expect(seconds < 20)
    drive.drive(seconds: 40)
    #expect(drive.state == .locked && abs(drive.error) < 0.05)
  }

  @Test
  func `range points that contradict odometry are a conflict, in agreement they drive`() {
    var drive = locked()
    var both = TrackedDrive.Stretch()
    both.points = true
    drive.drive(both, seconds: 30)
    #expect(drive.state == .locked)
    #expect(drive.tracker.estimate.sources == .sparse)
    // Slow enough to be no jump.
    both.slip = 1.38
    let seconds = drive.drive(both, atMost: 20) { $0.state == .conflict }
    #expect(seconds < 10)
  }

  @Test
  func `consumers see a metric scale move by no more than two percent per second`() {
    var drive = locked()
    drive.tracker.adopt(
      ScalePrior(logScale: drive.truth + 0.15, logSigma: 0.06), sources: .constant, confirmed: nil,
      at: drive.now)
    var last = log(drive.tracker.estimate.value)
    for _ in 1...300 {
      drive.drive(seconds: 0.1)
      let value = log(drive.tracker.estimate.value)
      #expect(abs(value - last) <= 0.002 + 1e-9)
      last = value
    }
  }

  @Test
  func `a restored scale is locked at once, wider, and held when nothing confirms it`() {
    var drive = TrackedDrive()
    drive.drive(seconds: 0.1)
    drive.tracker.adopt(
      ScalePrior(logScale: 0.2, logSigma: 0.06), sources: .photometric, confirmed: nil, at: drive.now)
    #expect(drive.state == .locked)
    #expect(drive.tracker.estimate.logSigma > 0.08)
    var parked = TrackedDrive.Stretch()
    parked.speed = 0
    drive.drive(parked, seconds: 61)
    #expect(drive.state == .held)
  }

  @Test
  func `forgetting goes back to what the model says`() {
    var drive = locked()
    drive.tracker.reset()
    #expect(drive.state == .unscaled)
    #expect(drive.tracker.estimate.value == 1 && drive.tracker.estimate.sources == .model)
  }
}
