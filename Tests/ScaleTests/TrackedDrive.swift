import Foundation
import Quantities
import Scale

/// A drive at 10 Hz, told to a tracker: every source sees the same scatter of the network's scale.
struct TrackedDrive {
  var tracker: ScaleTracker
  var random = SeededNormal(seed: 7)
  /// ln of the true scale.
  var truth = log(1.25)
  var frameSigma = 0.05
  private(set) var seconds = 0.0
  private var drift = 0.0
  private(set) var verdicts: [ScaleTracker.Verdict] = []

  init(prior: Double = 0, settings: ScaleSettings = ScaleSettings()) {
    tracker = ScaleTracker(prior: ScalePrior(logScale: prior, logSigma: 0.15), settings: settings)
  }

  /// What a stretch of the drive is like.
  struct Stretch {
    var speed: Double? = 1.0
    /// Wheels turn this much faster than the robot moves.
    var slip = 1.0
    /// Camera height in the configuration over the true one; nil = no ground.
    var heightError: Double?
    var photometric = true
    var points = false
    var independentYawRate: Double?
    var yawRate = 0.0
    var staticShare: Double?
    var gate = ScaleObservation.Gate.passed
  }

  var now: MonotonicTime { MonotonicTime(seconds: seconds) }
  var error: Double { tracker.filter.logScale - truth }
  var state: ScaleEstimate.State { tracker.state }

  mutating func drive(_ stretch: Stretch = Stretch(), seconds duration: Double) {
    let end = seconds + duration
    while seconds < end - 1e-9 { step(stretch) }
  }

  /// Seconds until `condition`, at most `limit`.
  mutating func drive(
    _ stretch: Stretch = Stretch(), atMost limit: Double, until condition: (TrackedDrive) -> Bool
  ) -> Double {
    let start = seconds
    while seconds - start < limit, !condition(self) { step(stretch) }
    return seconds - start
  }

  private mutating func step(_ stretch: Stretch) {
    seconds += 0.1
    let rho = exp(-0.1 / 2.0)
    drift = rho * drift + frameSigma * (1 - rho * rho).squareRoot() * random.next()
    tracker.advance(
      ScaleMotion(
        time: now, speedMetersPerSecond: stretch.speed.map { $0 * stretch.slip },
        yawRateRadiansPerSecond: stretch.yawRate, independentYawRate: stretch.independentYawRate,
        staticShare: stretch.staticShare))
    let frame = truth + drift
    if stretch.photometric, stretch.speed != nil {
      take(.photometric, frame + log(stretch.slip) + 0.03 * random.next(), 0.001, stretch)
    }
    if let height = stretch.heightError {
      take(.ground, frame + log(height) + 0.03 * random.next(), 0.0025, stretch)
    }
    if stretch.points { take(.points, frame + 0.01 * random.next(), 0.0004, stretch) }
  }

  private mutating func take(
    _ source: ScaleObservation.Source, _ logScale: Double, _ variance: Double, _ stretch: Stretch
  ) {
    verdicts.append(
      tracker.take(
        ScaleObservation(
          source: source, time: now, logScale: logScale, variance: variance,
          distanceMeters: source == .photometric ? 0.5 : 0, gate: stretch.gate)))
  }
}
