import Geometry
import Quantities

/// Plausibility of a calibration that is formally right.
///
/// - Source: the limits are those field engineers use: square pixels to 5 %, centre within 15 %, a sensor within 5 m.
enum CalibrationCheck {
  static func warnings(for calibration: CameraCalibration) -> [CalibrationWarning] {
    var warnings: [CalibrationWarning] = []
    let k = calibration.intrinsics
    if abs(k.fx / k.fy - 1) > 0.05 { warnings.append(.unequalFocalLengths(ratio: k.fx / k.fy)) }
    let offCentreX = (k.cx + 0.5) / Double(k.size.width) - 0.5
    let offCentreY = (k.cy + 0.5) / Double(k.size.height) - 0.5
    if abs(offCentreX) > 0.15 || abs(offCentreY) > 0.15 {
      warnings.append(.centreFarOff(x: abs(offCentreX), y: abs(offCentreY)))
    }
    let folded = foldedShareOfBorder(calibration)
    if folded > 0 { warnings.append(.distortionFolds(share: folded)) }
    for sensor in calibration.sensors {
      let t = sensor.cameraFromSensor.translation
      let distance = (t * t).sum().squareRoot()
      if distance > 5 { warnings.append(.sensorFarOff(frame: sensor.frame, meters: distance)) }
    }
    return warnings
  }

  /// The share of 64 border pixels of the captured image for which the lens model has no ray.
  private static func foldedShareOfBorder(_ calibration: CameraCalibration) -> Double {
    let rectification = Rectification(calibration)
    let right = Double(calibration.size.width - 1)
    let bottom = Double(calibration.size.height - 1)
    var folded = 0
    for step in 0..<16 {
      let share = Double(step) / 16
      for (u, v) in [
        (share * right, 0), (right, share * bottom), ((1 - share) * right, bottom), (0, (1 - share) * bottom),
      ]
      where rectification.rectifiedPixel(capturedU: u, v: v) == nil {
        folded += 1
      }
    }
    return Double(folded) / 64
  }
}
