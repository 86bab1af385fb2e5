import Calibration
import Geometry
import Quantities
import Testing

/// A file as ROS's cameracalibrator writes it.
let rosFile = """
  image_width: 640
  image_height: 480
  camera_name: narrow_stereo
  camera_matrix:
    rows: 3
    cols: 3
    data: [420.5, 0., 319.5, 0., 421.25, 239.5, 0., 0., 1.]
  distortion_model: plumb_bob
  distortion_coefficients:
    rows: 1
    cols: 5
    data: [-0.28, 0.07, 0.0005, -3.0e-4, 0.]
  rectification_matrix:
    rows: 3
    cols: 3
    data: [1., 0., 0., 0., 1., 0., 0., 0., 1.]
  projection_matrix:
    rows: 3
    cols: 4
    data: [380., 0., 321., 0., 0., 390., 238., 0., 0., 0., 1., 0.]

  """

/// The problems that `text` has, each with its line.
func problems(of text: String, camera: String? = nil) -> [CalibrationProblem] {
  do {
    _ = try CalibrationFile.parse(text, file: "front.yaml", camera: camera)
    return []
  } catch {
    guard case .invalid(_, let problems) = error else {
      Issue.record("another error than expected: \(error)")
      return []
    }
    return problems
  }
}

@Suite struct CameraInfoTests {
  @Test func `the file of ROS's calibrator is read to the last digit`() throws {
    let file = try CalibrationFile.parse(rosFile, file: "front.yaml")
    #expect(file.format == .cameraInfo)
    #expect(file.warnings.isEmpty)
    let size = ImageSize(width: 640, height: 480)
    #expect(
      file.calibration
        == CameraCalibration(
          name: "narrow_stereo",
          intrinsics: CameraIntrinsics(fx: 420.5, fy: 421.25, cx: 319.5, cy: 239.5, size: size),
          distortion: .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0),
          rectifiedIntrinsics: CameraIntrinsics(fx: 380, fy: 390, cx: 321, cy: 238, size: size)))
  }

  @Test(
    arguments: [
      LensDistortion.none,
      .plumbBob(k1: -0.28, k2: 0.07, p1: 0.1 + 0.2, p2: -1e-17, k3: 1.0 / 3),
      .rationalPolynomial(k1: 1, k2: 2, p1: 3, p2: 4, k3: 5, k4: 6, k5: 7, k6: 8),
      .equidistant(k1: -0.02, k2: 0.005, k3: -0.001, k4: 0.0002),
    ], ["front", "USB 2.0 camera: \"left\"", "true", "123", ""])
  func `what is written is read back unchanged`(_ lens: LensDistortion, _ name: String) throws {
    let size = ImageSize(width: 1920, height: 1080)
    let calibration = CameraCalibration(
      name: name, intrinsics: CameraIntrinsics(fx: 1000 / 3, fy: 333.25, cx: 960.1, cy: 540.7, size: size),
      distortion: lens,
      rectifiedIntrinsics: CameraIntrinsics(fx: 300, fy: 301, cx: 959, cy: 541, size: size))
    let text = CameraInfo(calibration).yaml
    let file = try CalibrationFile.parse(text, file: "front.yaml")
    #expect(file.calibration == calibration)
    #expect(file.info.yaml == text)
    #expect(file.id == calibration.id)
  }

  @Test func `defaults are those of ROS, and said aloud`() throws {
    let text = rosFile.replacing("camera_name: narrow_stereo\n", with: "")
      .replacing("distortion_model: plumb_bob\n", with: "")
    let file = try CalibrationFile.parse(text, file: "front.yaml")
    #expect(file.calibration.name == "unknown")
    #expect(file.info.distortionModel == .plumbBob)
    #expect(file.warnings == [.missingDistortionModel])
  }

  @Test func `binning and region of interest move the intrinsics to the delivered image`() throws {
    let text =
      rosFile + """
        binning_x: 2
        binning_y: 2
        roi:
          x_offset: 20
          y_offset: 40
          height: 400
          width: 600
          do_rectify: false
        """
    let file = try CalibrationFile.parse(text, file: "front.yaml")
    let k = file.calibration.intrinsics
    #expect(k.size == ImageSize(width: 300, height: 200))
    #expect(k.fx == 210.25 && k.cx == (319.5 - 20 + 0.5) / 2 - 0.5)
    #expect(k.cy == (239.5 - 40 + 0.5) / 2 - 0.5)
    #expect(try CalibrationFile.parse(file.info.yaml, file: "again.yaml").info == file.info)
  }

  @Test func `binning 1 and an all-zero region mean the full image`() throws {
    let text =
      rosFile + """
        binning_x: 0
        binning_y: 1
        roi: {x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false}
        """
    let file = try CalibrationFile.parse(text, file: "front.yaml")
    #expect(file.calibration == (try CalibrationFile.parse(rosFile, file: "front.yaml")).calibration)
  }

  @Test func `the identity changes with the numbers and not with the words`() throws {
    let id = try CalibrationFile.parse(rosFile, file: "a.yaml").id
    #expect(id.count == 16)
    // FNV-1a computed in Python with struct.pack("<d"); it must never change, learned scale is filed under it.
    #expect(id == "d555053a98a82d33")
    let renamed = "# a comment\n" + rosFile.replacing("narrow_stereo", with: "front")
    #expect(try CalibrationFile.parse(renamed, file: "b.yaml").id == id)
    let moved = rosFile.replacing("-0.28", with: "-0.2800001")
    #expect(try CalibrationFile.parse(moved, file: "a.yaml").id != id)
  }
}
