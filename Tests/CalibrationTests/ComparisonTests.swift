import Calibration
import Geometry
import Quantities
import Testing

@Suite struct ComparisonTests {
  private static func camera(
    fx: Double = 420, fy: Double = 420, cx: Double = 319.5, lens: LensDistortion = .none,
    size: ImageSize = ImageSize(width: 640, height: 480)
  ) -> CameraCalibration {
    CameraCalibration(
      name: "front", intrinsics: CameraIntrinsics(fx: fx, fy: fy, cx: cx, cy: 239.5, size: size),
      distortion: lens)
  }

  @Test func `the same calibration changes nothing`() throws {
    let bent = Self.camera(lens: .plumbBob(k1: -0.3, k2: 0.1, p1: 0.001, p2: 0, k3: 0))
    let change = try #require(try CalibrationComparison.compare(present: bent, proposed: bent))
    #expect(change.smallestRatio == 1 && change.largestRatio == 1)
    #expect(change.largestTurnRadians < 1e-6)
  }

  @Test func `depth follows the focal length`() throws {
    let change = try #require(
      try CalibrationComparison.compare(present: Self.camera(), proposed: Self.camera(fx: 411.18, fy: 411.18))
    )
    #expect(abs(change.medianRatio - 0.979) < 1e-6)
    #expect(abs(change.smallestRatio - change.largestRatio) < 1e-6)
  }

  @Test func `a calibration of twice the size is the same camera`() throws {
    let large = Self.camera(fx: 840, fy: 840, cx: 639.5, size: ImageSize(width: 1280, height: 960))
      .scaledCentre
    let change = try #require(try CalibrationComparison.compare(present: Self.camera(), proposed: large))
    #expect(abs(change.medianRatio - 1) < 1e-9)
    #expect(change.largestTurnRadians < 1e-6)
  }

  @Test func `a shifted centre turns rays and changes no depth`() throws {
    let change = try #require(
      try CalibrationComparison.compare(present: Self.camera(), proposed: Self.camera(cx: 329.5)))
    #expect(abs(change.medianRatio - 1) < 1e-9)
    #expect(abs(change.largestTurnRadians - 10.0 / 420) < 1e-3)
  }

  @Test func `distortion changes depth where it bends, most in a corner`() throws {
    let bent = Self.camera(lens: .plumbBob(k1: -0.2, k2: 0.03, p1: 0, p2: 0, k3: 0))
    let change = try #require(try CalibrationComparison.compare(present: Self.camera(), proposed: bent))
    #expect(change.largestRatio < 1.001)
    #expect(change.smallestRatio < 0.9)
    let (u, v) = change.farthestAt
    #expect(u < 40 || u > 600)
    #expect(v < 40 || v > 440)
  }

  @Test func `another shape cannot be compared`() {
    let wide = Self.camera(size: ImageSize(width: 640, height: 360))
    #expect(throws: GeometryError.self) {
      _ = try CalibrationComparison.compare(present: Self.camera(), proposed: wide)
    }
  }
}

extension CameraCalibration {
  /// The centre of a twice as large image, by the pixel-centre rule.
  fileprivate var scaledCentre: CameraCalibration {
    var calibration = self
    calibration.intrinsics.cy = 479.5
    calibration.rectifiedIntrinsics = calibration.intrinsics
    return calibration
  }
}

@Suite struct MountTests {
  private func info(mount: String) throws -> CalibrationFile {
    var calibration = CameraCalibration(
      name: "front",
      intrinsics: CameraIntrinsics(
        fx: 420, fy: 420, cx: 319.5, cy: 239.5, size: ImageSize(width: 640, height: 480)))
    calibration.mount = nil
    return try CalibrationFile.parse(CameraInfo(calibration).yaml + mount, file: "front.yaml")
  }

  @Test func `a mount is written and read back`() throws {
    var read = try info(mount: "mount:\n  height_m: 0.62\n  pitch_deg: 8.0\n").info
    #expect(read.mount?.heightMeters == 0.62)
    #expect(abs((read.mount?.pitchRadians ?? 0) - 8 * Double.pi / 180) < 1e-12)
    read.mount?.rollRadians = 0.01
    let again = try CalibrationFile.parse(read.yaml, file: "front.yaml").info
    #expect(abs((again.mount?.rollRadians ?? 0) - 0.01) < 1e-5)
    #expect(again.mount?.leverArm == nil)
  }

  @Test func `the camera's place on the robot is written and read back`() throws {
    let text = "mount:\n  height_m: 0.62\n  pitch_deg: 8.0\n  yaw_deg: -3\n  forward_m: 0.3\n"
    var read = try info(mount: text).info
    #expect(read.mount?.leverArm == .init(forwardMeters: 0.3, leftMeters: 0))
    read.mount?.leverArm?.leftMeters = -0.125
    let again = try CalibrationFile.parse(read.yaml, file: "front.yaml").info
    #expect(again.mount?.leverArm == .init(forwardMeters: 0.3, leftMeters: -0.125))
    #expect(abs((again.mount?.yawRadians ?? 0) + 3 * Double.pi / 180) < 1e-5)
  }

  @Test func `the mount is no part of the calibration's identity`() throws {
    let without = try info(mount: "")
    let with = try info(mount: "mount:\n  height_m: 0.62\n  pitch_deg: 8.0\n")
    #expect(without.id == with.id)
    #expect(with.warnings.isEmpty)
  }

  @Test(arguments: [
    ("mount:\n  height_m: 0\n  pitch_deg: 8\n", "above zero"),
    ("mount:\n  pitch_deg: 8\n", "height_m is missing"),
    ("mount:\n  height_m: high\n  pitch_deg: 8\n", "must be a number"), ("mount: 3\n", "keys of its own"),
    ("mount:\n  height_m: 1\n  pitch_deg: 100\n", "-90 to 90"),
    ("mount:\n  height_m: 1\n  pitch_deg: 0\n  left_m: 200\n", "at most 20"),
  ])
  func `a mount that cannot be is refused`(_ text: String, _ words: String) {
    let error = #expect(throws: CalibrationError.self) { _ = try info(mount: text) }
    #expect(error?.description.contains(words) == true)
  }
}
