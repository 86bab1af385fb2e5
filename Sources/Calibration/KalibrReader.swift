import Quantities
import Yams

/// Imports one camera of a Kalibr camera chain (`camchain.yaml`).
///
/// Only pinhole cameras with radtan, equidistant or no distortion have a twin in ROS; all others are refused
/// by name. Extrinsics, time shifts and topics are not part of a camera's own calibration and are ignored.
/// - Source: kalibr, kalibr_common/ConfigReader.py.
struct KalibrReader {
  private var reader: MappingReader
  private let camera: String

  /// Whether a file is a Kalibr chain: its keys are cam0, cam1, and so on.
  static func recognises(_ mapping: Node.Mapping) -> Bool { !cameras(of: mapping).isEmpty }

  /// - Parameter camera: for example `cam1`; may be nil if the chain has one camera.
  /// - Throws: `.invalid` if the camera is not there or must be chosen.
  init(_ chain: Node.Mapping, camera: String?, file: String) throws(CalibrationError) {
    let cameras = Self.cameras(of: chain)
    let listed = cameras.joined(separator: ", ")
    guard let chosen = camera ?? (cameras.count == 1 ? cameras.first : nil) else {
      let text = "the chain has several cameras (\(listed)); choose one, for example \(file)#\(cameras[0])"
      throw .invalid(file: file, problems: [CalibrationProblem(line: nil, text: text)])
    }
    guard let node = chain[chosen], let mapping = node.mapping else {
      let text = "the chain has no camera \"\(chosen)\"; it has \(listed)"
      throw .invalid(file: file, problems: [CalibrationProblem(line: nil, text: text)])
    }
    self.reader = MappingReader(mapping)
    self.camera = chosen
  }

  /// - Throws: `.invalid` with all problems.
  mutating func read(file: String) throws(CalibrationError) -> CameraInfo {
    checkCameraModel()
    let intrinsics = numbers("intrinsics", count: 4, "fu fv pu pv")
    let resolution = numbers("resolution", count: 2, "width height")
    let lens = distortion()
    if let intrinsics, intrinsics[0] <= 0 || intrinsics[1] <= 0 {
      reader.report("intrinsics", "intrinsics: a focal length is above zero, found \(intrinsics.prefix(2))")
    }
    if let resolution, resolution.contains(where: { $0 < 1 || $0 != $0.rounded() || $0 > 65535 }) {
      reader.report("resolution", "resolution must be two whole numbers above zero")
    }
    guard reader.problems.isEmpty, let k = intrinsics, let resolution, let lens else {
      throw .invalid(
        file: file,
        problems: reader.problems.map { CalibrationProblem(line: $0.line, text: "\(camera): \($0.text)") })
    }
    var info = CameraInfo(
      imageSize: ImageSize(width: Int(resolution[0]), height: Int(resolution[1])),
      cameraMatrix: [k[0], 0, k[2], 0, k[1], k[3], 0, 0, 1], distortionModel: lens.0,
      distortionCoefficients: lens.1)
    info.cameraName = camera
    return info
  }

  private mutating func checkCameraModel() {
    guard let model = reader.text("camera_model"), model != "pinhole" else { return }
    reader.report("camera_model", "camera_model \"\(model)\" is not supported; calibrate with pinhole")
  }

  private mutating func distortion() -> (DistortionModel, [Double])? {
    guard let model = reader.text("distortion_model") else { return nil }
    switch model {
    case "radtan":
      // Brown-Conrady without k3.
      return numbers("distortion_coeffs", count: 4, "k1 k2 p1 p2").map { (.plumbBob, $0 + [0]) }
    case "equidistant":
      return numbers("distortion_coeffs", count: 4, "k1 k2 k3 k4").map { (.equidistant, $0) }
    case "none":
      return (.plumbBob, [0, 0, 0, 0, 0])
    default:
      reader.report(
        "distortion_model",
        "distortion_model \"\(model)\" is not supported; known are radtan, equidistant, none")
      return nil
    }
  }

  private mutating func numbers(_ key: String, count: Int, _ names: String) -> [Double]? {
    guard let values = reader.numbers(key) else { return nil }
    guard values.count == count else {
      reader.report(key, "\(key) has \(count) numbers (\(names)), found \(values.count)")
      return nil
    }
    return values
  }

  private static func cameras(of mapping: Node.Mapping) -> [String] {
    mapping.compactMap { $0.key.string }
      .filter { $0.hasPrefix("cam") && $0.count > 3 && $0.dropFirst(3).allSatisfy(\.isNumber) }
  }
}
