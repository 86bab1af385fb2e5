import Calibration
import Foundation
import Geometry
import Quantities
import Testing

@Suite struct KalibrTests {
  static let chain = """
    cam0:
      cam_overlaps: [1]
      camera_model: pinhole
      distortion_coeffs: [-0.28, 0.07, 0.0005, -0.0003]
      distortion_model: radtan
      intrinsics: [420.5, 421.25, 319.5, 239.5]
      resolution: [640, 480]
      rostopic: /cam0/image_raw
    cam1:
      T_cn_cnm1:
      - [1.0, 0.0, 0.0, -0.11]
      - [0.0, 1.0, 0.0, 0.0]
      - [0.0, 0.0, 1.0, 0.0]
      - [0.0, 0.0, 0.0, 1.0]
      camera_model: pinhole
      distortion_coeffs: [-0.02, 0.005, -0.001, 0.0002]
      distortion_model: equidistant
      intrinsics: [300.0, 300.0, 375.5, 239.5]
      resolution: [752, 480]
      timeshift_cam_imu: 0.004

    """

  static var single: String { chain.components(separatedBy: "cam1:")[0] }

  @Test func `radtan becomes plumb_bob with k3 zero`() throws {
    let file = try CalibrationFile.parse(Self.single, file: "camchain.yaml")
    #expect(file.format == .kalibr)
    let size = ImageSize(width: 640, height: 480)
    #expect(
      file.calibration
        == CameraCalibration(
          name: "cam0",
          intrinsics: CameraIntrinsics(fx: 420.5, fy: 421.25, cx: 319.5, cy: 239.5, size: size),
          distortion: .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0)))
    let converted = try CalibrationFile.parse(file.info.yaml, file: "front.yaml")
    #expect(converted.calibration == file.calibration && converted.id == file.id)
  }

  @Test func `one camera of a chain is chosen by name`() throws {
    let file = try CalibrationFile.parse(Self.chain, file: "camchain.yaml", camera: "cam1")
    #expect(file.calibration.distortion == .equidistant(k1: -0.02, k2: 0.005, k3: -0.001, k4: 0.0002))
    #expect(file.calibration.size == ImageSize(width: 752, height: 480))
  }

  @Test func `a chain of several cameras asks which one`() {
    #expect(problems(of: Self.chain).first?.text.contains("cam0, cam1") == true)
    #expect(problems(of: Self.chain, camera: "cam7").first?.text.contains("no camera \"cam7\"") == true)
  }

  @Test(arguments: [
    ("pinhole", "omni", "camera_model \"omni\""), ("pinhole", "eucm", "camera_model \"eucm\""),
    ("radtan", "fov", "distortion_model \"fov\""), ("0.0005, ", "", "4 numbers (k1 k2 p1 p2), found 3"),
    ("[640, 480]", "[640.5, 480]", "whole numbers"), ("420.5", "0", "above zero"), ("420.5", ".nan", "NaN"),
  ])
  func `other models and wrong values are refused by name`(
    _ replace: String, _ with: String, _ words: String
  ) {
    let found = problems(of: Self.single.replacing(replace, with: with))
    #expect(found.count == 1)
    #expect(found.first?.text.contains(words) == true, "\(found)")
    #expect(found.first?.text.hasPrefix("cam0: ") == true)
  }
}
