import Calibration
import Foundation
import Geometry
import Quantities
import Testing

@Suite struct ShippedCalibrationTests {
  static func text(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test(arguments: [
    ("calib/sim.yaml", LensDistortion.none),
    ("calib/sim-distorted.yaml", .plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0)),
  ]) func `the shipped files describe the simulator's cameras and are what we would write`(
    _ path: String, _ lens: LensDistortion
  ) throws {
    let text = try Self.text(path)
    let file = try CalibrationFile.parse(text, file: path)
    #expect(file.warnings.isEmpty)
    #expect(file.info.yaml == text)
    let size = ImageSize(width: 640, height: 480)
    #expect(
      file.calibration
        == CameraCalibration(
          name: "simulation",
          intrinsics: CameraIntrinsics(fx: 420, fy: 420, cx: 319.5, cy: 239.5, size: size), distortion: lens))
  }
}
