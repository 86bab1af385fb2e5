/// Something in a usable calibration that a person should look at.
public enum CalibrationWarning: Hashable, Sendable, CustomStringConvertible {
  case missingDistortionModel
  case missingProjection
  case stereoBaselineIgnored
  case unknownKey(name: String, line: Int?)
  /// fx / fy; square pixels give 1.
  case unequalFocalLengths(ratio: Double)
  /// Distance of the principal point from the image centre, as shares of width and height.
  case centreFarOff(x: Double, y: Double)
  /// Share of the image's border that the distortion model cannot explain (it folds back).
  case distortionFolds(share: Double)
  /// A range sensor is stated to sit further from the camera than robots are large.
  case sensorFarOff(frame: String, meters: Double)

  public var description: String {
    switch self {
    case .missingDistortionModel:
      "distortion_model is missing; plumb_bob is assumed, as ROS does"
    case .missingProjection:
      "projection_matrix is missing; camera_matrix is used for the rectified image"
    case .stereoBaselineIgnored:
      "projection_matrix has a stereo offset in its last column; it is ignored for one camera"
    case .unknownKey(let name, let line):
      "\(line.map { "line \($0): " } ?? "")key \"\(name)\" is not part of camera_info and is ignored"
    case .unequalFocalLengths(let ratio):
      """
      fx and fy differ by \(Self.percent(ratio - 1)); pixels of cameras are nearly always square. Was the \
      image resized without its calibration?
      """
    case .centreFarOff(let x, let y):
      """
      the principal point lies \(Self.percent(x)) of the width and \(Self.percent(y)) of the height off the \
      image centre. Is the calibration of another resolution?
      """
    case .distortionFolds(let share):
      """
      the distortion model folds back inside the image (\(Self.percent(share)) of the border has no ray); \
      those pixels will be marked unknown. Calibrate with the board in the corners too.
      """
    case .sensorFarOff(let frame, let meters):
      """
      the sensor "\(frame)" is stated to sit \((meters * 10).rounded() / 10) m from the camera. Is its \
      translation in metres, and from this camera?
      """
    }
  }

  private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}
