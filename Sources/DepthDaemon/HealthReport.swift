import Capture
import DepthPipeline
package import Quantities
package import WireFormat

/// From counters and states to one verdict with a reason a person can act on. Pure: the same observation
/// gives the same message.
package struct HealthReport {
  /// Everything the verdict rests on.
  package struct Observation {
    package var time: MonotonicTime
    package var capture: CaptureStatus.State = CaptureStatus.State.starting
    package var perception: PerceptionStatus.Snapshot = PerceptionStatus.Snapshot()
    package var published: UInt64 = 0
    package var droppedByCamera: UInt64 = 0
    package var droppedByPipeline: UInt64 = 0
    package var nominalRateHz: Double = 0
    /// Frames per second that came from the source, and that were published, over the last seconds; nil = not known
    /// yet.
    package var arrivalRateHz: Double?
    package var rateHz: Double?
    package var expectsOdometry: Bool = false
    package var hasOdometry: Bool = false
    /// Whether range points are expected and the last frame had none.
    package var lacksPoints: Bool = false
    package var isCalibrated: Bool = false
    /// How far the scale is learned, percent, and why it gets no better; nil when nothing is missing.
    package var scaleProgress: Int?
    package var scaleReason: String?
    /// How the camera seems to sit now; nil while it sits as it was mounted.
    package var cameraMoved: String?
    /// Why the model runs without the prior bank that it is to have; nil when it has it.
    package var priorsFailure: String?
    /// Why another configuration runs than the file says; nil when it runs.
    package var fallback: String?

    /// A daemon that has just started.
    package init(time: MonotonicTime) {
      self.time = time
    }
  }

  /// Depth that is older than this, or than two and a half periods of a slow camera, has stopped.
  package static let staleNanoseconds: Int64 = 1_000_000_000
  /// Below this share of the nominal rate the machine does not keep up.
  private static let lowRateRatio = 0.5

  package static func evaluate(_ now: Observation, camera: String) -> HealthMessage {
    var message = HealthMessage(camera: camera, verdict: .ok)
    message.time = now.time
    message.rateHz = now.rateHz
    message.nominalRateHz = now.nominalRateHz > 0 ? now.nominalRateHz : nil
    message.frames = now.published
    message.drops = DepthHeader.Drops(camera: now.droppedByCamera, pipeline: now.droppedByPipeline)
    message.scale = now.perception.report.map { report in
      DepthHeader.Scale(
        report.scale, ageSeconds: report.scale.confirmed.map { max(0, Double(now.time - $0) * 1e-9) })
    }
    message.degraded = degradations(now)
    if let reason = downReason(now) {
      message.verdict = .down
      message.reason = reason
    } else if let reason = degradedReason(now, message.degraded) {
      message.verdict = .degraded
      message.reason = reason
    }
    return message
  }

  private static func downReason(_ now: Observation) -> String? {
    switch now.capture {
    case .starting: return "the camera is being opened"
    case .unavailable(let error): return error.description
    case .ended: return "the recording has ended; set drive.loop = true to play it for ever"
    case .streaming: break
    }
    if let failure = now.perception.failure { return failure.description }
    if now.perception.lastPublished == nil { return "the first frame is being processed" }
    return stallReason(now)
  }

  /// Why depth has stopped although frames arrive that could become depth; nil when it has not.
  static func stallReason(_ now: Observation) -> String? {
    guard now.capture == .streaming, now.perception.failure == nil, let last = now.perception.lastPublished
    else { return nil }
    let age = now.time - last
    let periods = now.nominalRateHz > 0 ? Int64(2.5e9 / now.nominalRateHz) : 0
    guard age > max(staleNanoseconds, periods) + frameAllowance(now) else { return nil }
    return "no depth for \(age / 1_000_000) ms although the camera delivers frames"
  }

  /// A machine that needs longer than a second per frame is slow, not dead.
  private static func frameAllowance(_ now: Observation) -> Int64 {
    3 * (now.perception.report?.timings.infer ?? 0)
  }

  private static func degradedReason(_ now: Observation, _ degraded: Degradations) -> String? {
    if let fallback = now.fallback { return fallback }
    if degraded.contains(.noOdometry) {
      return "no odometry; check the publisher that [odometry] source names"
    }
    if degraded.contains(.lowRate) {
      let (arrival, rate) = (now.arrivalRateHz ?? .infinity, now.rateHz ?? 0)
      return arrival < lowRateRatio * now.nominalRateHz
        ? "\(rounded(arrival)) of \(rounded(now.nominalRateHz)) frames per second arrive; "
          + "look at the camera's light, its cable and the processor"
        : "\(rounded(rate)) of \(rounded(now.nominalRateHz)) frames per second are processed; "
          + "choose a smaller model.input_size or give model.threads more cores"
    }
    if degraded.contains(.noCalibration) {
      return "no calibration: set camera.calibration to a ROS camera_info file"
    }
    if let failure = now.priorsFailure { return failure }
    if let reason = scaleReason(now) { return reason }
    if degraded.contains(.outOfDomain) {
      return "frames are unlike those that the prior bank was made for; build a bank from this place's drives"
    }
    return degraded.contains(.sparseStale)
      ? "range points are expected and none are there for the frames; the component sparse says why" : nil
  }

  /// What is wrong with the scale, in words.
  private static func scaleReason(_ now: Observation) -> String? {
    guard let scale = now.perception.report?.scale else { return nil }
    let why = now.scaleReason.map { ": \($0)" } ?? ""
    let remount = now.cameraMoved.map { "remount? \($0)" }
    switch scale.state {
    case .locked: return remount
    case .unscaled:
      return "depth is in network units\(why); drive with odometry, or set scale.constant to make it metric"
    case .converging: return "the scale is learned to \(now.scaleProgress ?? 0) %\(why)"
    case .held:
      let age = scale.confirmed.map { " for \((now.time - $0) / 1_000_000_000) s" } ?? ""
      return "scale held\(age)\(why)"
    case .conflict: return "sources of scale disagree\(why)" + (remount.map { "; \($0)" } ?? "")
    }
  }

  private static func degradations(_ now: Observation) -> Degradations {
    var degraded: Degradations = []
    if !now.isCalibrated { degraded.insert(.noCalibration) }
    if now.expectsOdometry && !now.hasOdometry { degraded.insert(.noOdometry) }
    if now.lacksPoints { degraded.insert(.sparseStale) }
    if let scale = now.perception.report?.scale {
      if !scale.isMetric { degraded.insert(.unscaled) }
      if scale.state == .held { degraded.insert(.scaleHeld) }
      if scale.state == .conflict { degraded.insert(.scaleConflict) }
    }
    if now.priorsFailure != nil { degraded.insert(.priorsOff) }
    if now.perception.report?.isOutOfDomain == true { degraded.insert(.outOfDomain) }
    if now.capture == .streaming, now.nominalRateHz > 0, now.published > 0, let rate = now.rateHz,
      rate < lowRateRatio * now.nominalRateHz
    {
      degraded.insert(.lowRate)
    }
    return degraded
  }

  private static func rounded(_ rate: Double) -> String {
    let tenths = Int((rate * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
