/// Why an observation of scale was not used, with what was found and what is needed.
public enum ScaleGateReason: Equatable, Sendable {
  /// Metres per second.
  case speed(found: Double, needed: Double)
  /// Metres between the two frames.
  case baseline(found: Double, needed: Double)
  /// Metres between the two frames, more than the network was trained for.
  case baselineTooLong(found: Double, limit: Double)
  /// Radians between the two frames.
  case turn(found: Double, limit: Double)
  /// Radians per second.
  case yawRate(found: Double, limit: Double)
  /// Metres per second squared.
  case acceleration(found: Double, limit: Double)
  /// Radians between the direction of travel that images show and the odometry's.
  case direction(found: Double, limit: Double)
  /// Pixels that the scene moves in the image because of the translation (median).
  case parallax(found: Double, needed: Double)
  /// Share of pixels that the moved depth explains better than no motion at all.
  case photometricGain(found: Double, needed: Double)
  /// Photometric residual as a multiple of its usual value.
  case photometricResidual(found: Double, limit: Double)
  /// How sharp the photometric minimum is, as the deviation of log scale it leaves.
  case photometricSharpness(found: Double, limit: Double)
  /// Places of the image that were found again in the earlier frame.
  case matches(found: Int, needed: Int)
  /// Share of those places that agree on one scale and one motion.
  case agreement(found: Double, needed: Double)
  /// Disagreement of forward and backward motion, as a share of the motion.
  case consistency(found: Double, limit: Double)
  /// Wheels and images contradict each other; blocked for this many more seconds.
  case slip(remainingSeconds: Double)
  /// No odometry for the time between the two frames.
  case noOdometry
  /// Seconds without odometry.
  case odometryGap(found: Double, limit: Double)
  /// No earlier frame that is young enough, seconds.
  case noEarlierFrame(limit: Double)
  /// The camera has no intrinsics.
  case notCalibrated
  /// The height of the camera is not known.
  case noCameraHeight
  /// Share of the looked-at pixels that lie on one plane.
  case groundShare(found: Double, needed: Double)
  /// Radians between the plane's normal and where down should be.
  case groundTilt(found: Double, limit: Double)
  /// Distance of the ground by images over that by the network's depth and its scale.
  case groundDistance(ratio: Double, limit: Double)
  /// Range points that meet predicted depth.
  case pointCount(found: Int, needed: Int)
  /// Deviation of the log ratios of the points.
  case pointSpread(found: Double, limit: Double)
  /// Share of pixels with a finite predicted depth.
  case knownDepth(found: Double, needed: Double)
  /// The computation gave no finite number.
  case notFinite
}

extension ScaleGateReason: CustomStringConvertible {
  /// For people: "speed 0.1 m/s, needs 0.5".
  public var description: String {
    switch self {
    case .speed(let found, let needed): "speed \(Self.text(found)) m/s, needs \(Self.text(needed))"
    case .baseline(let found, let needed):
      "\(Self.text(found)) m between the frames, needs \(Self.text(needed))"
    case .baselineTooLong(let found, let limit):
      "\(Self.text(found)) m between the frames, limit \(Self.text(limit))"
    case .turn(let found, let limit):
      "turned by \(Self.degrees(found)) deg between the frames, limit \(Self.degrees(limit))"
    case .yawRate(let found, let limit): "turning at \(Self.text(found)) rad/s, limit \(Self.text(limit))"
    case .acceleration(let found, let limit):
      "acceleration \(Self.text(found)) m/s2, limit \(Self.text(limit))"
    case .direction(let found, let limit):
      "images and odometry differ by \(Self.degrees(found)) deg in direction, limit \(Self.degrees(limit))"
    case .parallax(let found, let needed):
      "the scene moves by \(Self.text(found)) px, needs \(Self.text(needed))"
    case .photometricGain(let found, let needed):
      "motion explains \(Self.percent(found)) % of the image, needs \(Self.percent(needed))"
    case .photometricResidual(let found, let limit):
      "image difference \(Self.text(found)) times the usual, limit \(Self.text(limit))"
    case .photometricSharpness(let found, let limit):
      "the images fix the scale to \(Self.percent(found)) % only, needs \(Self.percent(limit))"
    case .matches(let found, let needed): "\(found) places found in the earlier frame, needs \(needed)"
    case .agreement(let found, let needed):
      "\(Self.percent(found)) % of the image agrees on one motion, needs \(Self.percent(needed))"
    case .consistency(let found, let limit):
      "forward and backward motion differ by \(Self.percent(found)) %, limit \(Self.percent(limit))"
    case .slip(let seconds): "wheels slip; blocked for \(Self.text(seconds)) s"
    case .noOdometry: "no odometry for these frames"
    case .odometryGap(let found, let limit):
      "\(Self.text(found)) s without odometry, limit \(Self.text(limit))"
    case .noEarlierFrame(let limit): "no earlier frame within \(Self.text(limit)) s"
    case .notCalibrated: "the camera is not calibrated"
    case .noCameraHeight: "the height of the camera is not known"
    case .groundShare(let found, let needed):
      "\(Self.percent(found)) % of the ground's pixels lie on a plane, needs \(Self.percent(needed))"
    case .groundTilt(let found, let limit):
      "the ground is tilted by \(Self.degrees(found)) deg, limit \(Self.degrees(limit))"
    case .groundDistance(let ratio, let limit):
      "images put the ground \(Self.text(ratio)) times as far as depth does, limit \(Self.text(limit))"
    case .pointCount(let found, let needed): "\(found) range points, needs \(needed)"
    case .pointSpread(let found, let limit):
      "range points differ by \(Self.percent(found)) % among themselves, limit \(Self.percent(limit))"
    case .knownDepth(let found, let needed):
      "\(Self.percent(found)) % of the image has depth, needs \(Self.percent(needed))"
    case .notFinite: "the computation gave no finite number"
    }
  }

  /// Two decimals, no trailing zeros.
  private static func text(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let hundredths = (value * 100).rounded() / 100
    return hundredths.rounded() == hundredths ? "\(Int(hundredths))" : "\(hundredths)"
  }

  private static func percent(_ share: Double) -> String { text((share * 100).rounded()) }

  private static func degrees(_ radians: Double) -> String {
    text((radians * 1800 / Double.pi).rounded() / 10)
  }
}
