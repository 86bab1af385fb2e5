import Calibration
import DepthDaemon
import Foundation
import Geometry
import Quantities
import Testing

/// A folder of files that goes away with its test.
final class Folder {
  let path: String

  init(_ files: [String: String]) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "depthd-\(UUID().uuidString)").path
    for (name, text) in files {
      let file = path + "/" + name
      try FileManager.default.createDirectory(
        atPath: String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]),
        withIntermediateDirectories: true)
      try text.write(toFile: file, atomically: false, encoding: .utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func load() throws(ConfigurationFailure) -> LoadedConfiguration {
    try LoadedConfiguration(path: path + "/config.toml", environment: [:])
  }

  var problems: [String] {
    do {
      _ = try load()
      return []
    } catch { return error.problems }
  }
}

/// A file for a camera of 640x480 with distortion.
let calibrationText = CameraInfo(
  CameraCalibration(
    name: "front",
    intrinsics: CameraIntrinsics(
      fx: 410, fy: 411, cx: 318, cy: 241, size: ImageSize(width: 640, height: 480)),
    distortion: .plumbBob(k1: -0.2, k2: 0.05, p1: 0, p2: 0, k3: 0))
).yaml

@Suite struct LoadedConfigurationTests {
  @Test func `the simulator brings its own calibration, at the configured size`() throws {
    let folder = try Folder(["config.toml": "[camera]\nwidth = 320\nheight = 240\n"])
    let loaded = try folder.load()
    #expect(loaded.calibration?.size == ImageSize(width: 320, height: 240))
    #expect(loaded.calibration?.intrinsics.fx == 210)
    #expect(loaded.calibrationOrigin == "the simulator's own")
    #expect(loaded.modelPath == folder.path + "/models/lite")
  }

  @Test func `a calibration file is found beside the configuration and overrules the source`() throws {
    let folder = try Folder([
      "config.toml": "camera.calibration = \"calib/front.yaml\"\n", "calib/front.yaml": calibrationText,
    ])
    let loaded = try folder.load()
    #expect(loaded.calibration?.intrinsics.fx == 410)
    #expect(loaded.calibrationID == loaded.calibration?.id)
    #expect(loaded.warnings.contains { $0.contains("differs from what the source says") })
  }

  @Test func `a live camera without a file is uncalibrated, which is no error`() throws {
    let folder = try Folder(["config.toml": "camera.source = \"v4l2:/dev/video0\"\n"])
    #expect(try folder.load().calibration == nil)
  }

  @Test func `a recording brings its camera_yaml and its size`() throws {
    let folder = try Folder([
      "config.toml": "camera.source = \"drive:run1\"\n", "run1/camera.yaml": calibrationText,
      "run1/drive.toml": """
      name = "run1"
      kind = "sequence"
      width = 640
      height = 480
      nominal_rate_hz = 10
      licence = "none"
      origin = "test"
      note = ""
      frames = 1
      """,
    ])
    let loaded = try folder.load()
    #expect(loaded.calibration?.intrinsics.fx == 410)
    #expect(loaded.expectedFrameSize == ImageSize(width: 640, height: 480))
  }

  @Test(arguments: [
    ("camera.source = \"sim:moon\"\n", "sim:street"),
    ("camera.source = \"drive:nowhere\"\n", "has no drive.toml"),
    ("camera.calibration = \"nowhere.yaml\"\n", "does not exist"),
    ("camera.calibration = \"calib\"\n", "cannot be read: Is a directory"),
    ("camera.calibration = \"calib/broken.yaml\"\n", "not valid YAML at line 2"),
    ("camera.calibration = \"calib/nan.yaml\"\n", "camera_matrix.data[0] is NaN"),
    (
      "camera = { calibration = \"calib/front.yaml\", width = 1280, height = 720 }\n",
      "is for 640x480 but the camera delivers 1280x720"
    ),
    ("camera.calibration = \"calib/front.yaml\"\ncamera.widht = 3\n", "did you mean camera.width?"),
  ]) func `a file that cannot be used is one clear problem`(_ toml: String, _ words: String) throws {
    let folder = try Folder([
      "config.toml": toml, "calib/front.yaml": calibrationText, "calib/broken.yaml": "a: 1\n\tb: [\n",
      "calib/nan.yaml": calibrationText.replacing(
        "410.0, 0.0, 318.0, 0.0, 411.0, 241.0, 0.0", with: ".nan, 0.0, 318.0, 0.0, 411.0, 241.0, 0.0"),
    ])
    let problems = folder.problems
    #expect(problems.count == 1)
    #expect(problems.first?.contains(words) == true, "\(problems)")
  }

  @Test func `a missing configuration says how to name another`() throws {
    let folder = try Folder(["other.toml": ""])
    #expect(folder.problems.first?.contains("does not exist. Name another with --config") == true)
  }

  @Test func `bytes that are no text are refused, not guessed`() throws {
    let folder = try Folder(["config.toml": ""])
    try Data([0x61, 0xff, 0xfe, 0x0a]).write(to: URL(filePath: folder.path + "/config.toml"))
    #expect(folder.problems.first?.contains("not UTF-8") == true)
  }

  @Test func `the check lists everything at once and fails`() throws {
    let folder = try Folder([
      "config.toml": "camera.source = \"sim:moon\"\ncamera.calibration = \"nowhere.yaml\"\n"
    ])
    let check = ConfigurationCheck.run(path: folder.path + "/config.toml", environment: [:])
    #expect(!check.isPassed)
    #expect(check.problems.count == 2)
    #expect(check.text.hasSuffix("2 problems"))
  }

  @Test func `a model that is not there is a problem of the check`() throws {
    let folder = try Folder(["config.toml": "model.path = \"models/none\"\n"])
    let check = ConfigurationCheck.run(path: folder.path + "/config.toml", environment: [:])
    #expect(check.problems.count == 1)
    #expect(check.problems.first?.contains("models/none") == true)
    #expect(check.findings.count == 2)
  }
}
