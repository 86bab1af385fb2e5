public import Geometry

/// A calibration as read from a person's file, with what there is to say about it.
///
/// Works on text: whoever owns files reads and writes them.
public struct CalibrationFile: Hashable, Sendable {
  public enum Format: String, Sendable {
    case cameraInfo = "ROS camera_info"
    case kalibr = "Kalibr camera chain"
  }

  public let calibration: CameraCalibration
  /// The file's content in ROS's terms; `info.yaml` is the file to keep.
  public let info: CameraInfo
  public let format: Format
  public let warnings: [CalibrationWarning]

  /// What looks wrong about the numbers of a calibration, wherever it came from.
  public static func doubts(about calibration: CameraCalibration) -> [CalibrationWarning] {
    CalibrationCheck.warnings(for: calibration)
  }

  /// `CameraCalibration.id`: stable, short, changes with any number.
  public var id: String { calibration.id }

  /// Reads a ROS `camera_info` YAML or one camera of a Kalibr chain; which of them is seen from the keys.
  ///
  /// - Parameters:
  ///   - file: the name that errors show.
  ///   - camera: which camera of a Kalibr chain; nil if it has only one.
  /// - Throws: `.unparsable` with the line, or `.invalid` with every problem of the file.
  public static func parse(
    _ text: String, file: String, camera: String? = nil
  ) throws(CalibrationError) -> CalibrationFile {
    let mapping = try YAMLDocument.mapping(of: text, file: file)
    let info: CameraInfo
    var warnings: [CalibrationWarning] = []
    let isKalibr = KalibrReader.recognises(mapping)
    if isKalibr {
      var reader = try KalibrReader(mapping, camera: camera, file: file)
      info = try reader.read(file: file)
    } else {
      var reader = CameraInfoReader(mapping)
      info = try reader.read(file: file)
      warnings = reader.warnings
    }
    let calibration = info.calibration
    return CalibrationFile(
      calibration: calibration, info: info, format: isKalibr ? .kalibr : .cameraInfo,
      warnings: warnings + CalibrationCheck.warnings(for: calibration))
  }
}
