public import Calibration
public import Geometry
public import Quantities

/// Everything there is to say about a calibration file before it is used.
public struct CalibrationReport: Sendable {
  public enum Verdict: String, Sendable {
    case usable
    /// Usable, and something looks wrong.
    case doubtful
    /// It cannot be used with these frames.
    case refused
  }

  public let file: CalibrationFile
  public let verdict: Verdict
  /// Frames the verdict is for.
  public let frameSize: ImageSize
  /// Why it is refused.
  public let problem: GeometryError?
  /// The step from the calibration in use; nil when there is none, or nothing to compare.
  public let change: CalibrationComparison?
  public let isInUse: Bool

  /// - Parameters:
  ///   - frameSize: of the live stream, or what is expected of it.
  ///   - present: the calibration in use; nil when there is none.
  public init(_ file: CalibrationFile, frameSize: ImageSize, present: CameraCalibration?) {
    self.file = file
    self.frameSize = frameSize
    isInUse = present?.id == file.id
    do {
      let fitting = try file.calibration.scaled(to: frameSize)
      problem = nil
      verdict = file.warnings.contains(where: \.isDoubt) ? .doubtful : .usable
      let presentFitting = try? present?.scaled(to: frameSize)
      change = presentFitting.flatMap { try? CalibrationComparison.compare(present: $0, proposed: fitting) }
    } catch {
      problem = error
      verdict = .refused
      change = nil
    }
  }

  /// What a person reads, without the file's name.
  public var lines: [String] {
    let calibration = file.calibration
    let k = calibration.intrinsics
    let field = k.fieldOfView
    let lens = file.info.distortionModel.rawValue
    var lines = [
      "format      \(file.format.rawValue), \(lens), \(calibration.size), calib_id \(file.id)",
      "lens        fx \(tenths(k.fx)) fy \(tenths(k.fy)) cx \(tenths(k.cx)) cy \(tenths(k.cy)), field of view "
        + "\(degrees(field.horizontal)) x \(degrees(field.vertical)) degrees",
      sizeLine,
      "focal       fx and fy differ by \(percent(k.fx / k.fy - 1))",
      "centre      \(percent((k.cx + 0.5) / Double(k.size.width) - 0.5)) of the width and "
        + "\(percent((k.cy + 0.5) / Double(k.size.height) - 0.5)) of the height off the middle",
      distortionLine,
    ]
    lines.append(changeLine)
    lines.append(mountLine)
    lines += file.info.sensors.map { "sensor      \($0.text)" }
    lines += file.warnings.map { "warning     \($0)" }
    return lines
  }

  private var sizeLine: String {
    if let problem { return "size        \(problem)" }
    let calibrated = file.calibration.size
    guard calibrated != frameSize else { return "size        fits the frames exactly (\(frameSize))" }
    let factor = Double(frameSize.width) / Double(calibrated.width)
    return
      "size        fits frames of \(frameSize): same shape, scaled by \((factor * 1000).rounded() / 1000)"
  }

  private var distortionLine: String {
    let folded = file.warnings.contains { if case .distortionFolds = $0 { true } else { false } }
    guard file.calibration.distortion != .none else { return "distortion  none" }
    let radius = file.calibration.distortion.monotonicRadius
    let reach = radius.isFinite ? "rises up to \(hundredths(radius)) of the focal length" : "rises everywhere"
    return "distortion  \(reach), \(folded ? "which is inside the image" : "the whole image included")"
  }

  private var changeLine: String {
    if isInUse { return "change      none: this calibration is in use" }
    guard let change else { return "change      nothing to compare with: no calibration is in use" }
    return "change      depth \(percent(change.medianRatio - 1)) (\(percent(change.smallestRatio - 1)) to "
      + "\(percent(change.largestRatio - 1)), most at pixel \(change.farthestAt.u), \(change.farthestAt.v)); "
      + "directions turn by \(degrees(change.medianTurnRadians)), at most \(degrees(change.largestTurnRadians)) degrees"
  }

  private var mountLine: String {
    guard let mount = file.info.mount else { return "mount       not stated" }
    return "mount       \(mount.text)"
  }

  private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
  private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
  private func degrees(_ radians: Double) -> Double { tenths(radians * 180 / .pi) }

  private func percent(_ share: Double) -> String {
    let tenths = (share * 1000).rounded() / 10
    return "\(tenths > 0 ? "+" : "")\(tenths == 0 ? 0 : tenths) %"
  }
}

extension CameraMount {
  /// For people.
  public var text: String {
    let pitch = (pitchRadians * 1800 / .pi).rounded() / 10
    let roll = (rollRadians * 1800 / .pi).rounded() / 10
    let yaw = (yawRadians * 1800 / .pi).rounded() / 10
    let turned = yaw == 0 ? "" : ", looking \(abs(yaw)) degrees to the \(yaw < 0 ? "right" : "left")"
    return "height \((heightMeters * 1000).rounded() / 1000) m, pitch \(abs(pitch)) degrees "
      + "\(pitch < 0 ? "up" : "down"), roll \(roll) degrees\(turned), "
      + (leverArm.map { "\($0.forwardMeters) m ahead and \($0.leftMeters) m left of the turning centre" }
        ?? "place on the robot not stated")
  }
}

extension RangeSensor {
  /// For people.
  public var text: String {
    let t = cameraFromSensor.translation
    func side(_ value: Double, _ positive: String, _ negative: String) -> String {
      "\((abs(value) * 1000).rounded() / 1000) m \(value < 0 ? negative : positive)"
    }
    let clock = timeOffsetNanoseconds == 0 ? "" : ", stamps \(Double(timeOffsetNanoseconds) * 1e-6) ms later"
    return "\(frame): \(side(t.x, "right", "left")), \(side(t.y, "below", "above")), "
      + "\(side(t.z, "ahead", "behind")) of the camera\(clock)"
  }
}

extension CalibrationWarning {
  /// Whether the numbers are in doubt, and not only the file's form.
  fileprivate var isDoubt: Bool {
    switch self {
    case .missingDistortionModel, .missingProjection, .stereoBaselineIgnored, .unknownKey: false
    case .unequalFocalLengths, .centreFarOff, .distortionFolds, .sensorFarOff: true
    }
  }
}
