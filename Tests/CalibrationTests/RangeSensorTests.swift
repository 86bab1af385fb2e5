import Calibration
import Geometry
import Quantities
import Testing

/// The robot's range sensors in a camera's calibration file.
@Suite struct RangeSensorTests {
  private func read(_ sensors: String) throws -> CalibrationFile {
    let calibration = CameraCalibration(
      name: "front",
      intrinsics: CameraIntrinsics(
        fx: 400, fy: 400, cx: 319.5, cy: 239.5, size: ImageSize(width: 640, height: 480)))
    return try CalibrationFile.parse(CameraInfo(calibration).yaml + sensors, file: "front.yaml")
  }

  private func problems(_ sensors: String) -> String {
    do {
      _ = try read(sensors)
      return ""
    } catch { return "\(error)" }
  }

  @Test func `a lidar with x ahead, y left and z up is placed by what tf2_echo prints`() throws {
    let file = try read(
      """
      sensors:
        - frame: lidar_top
          translation_m: [0.0, -0.25, -0.1]
          quaternion_xyzw: [0.5, -0.5, 0.5, 0.5]
          time_offset_ms: -12.5
      """)
    let sensor = try #require(file.calibration.sensors.first)
    #expect(sensor.frame == "lidar_top" && sensor.timeOffsetNanoseconds == -12_500_000)
    // Ten metres ahead, two to the left, one up.
    let point = sensor.cameraFromSensor.apply(SIMD3(10, 2, 1))
    let error = point - SIMD3(-2, -1.25, 9.9)
    #expect((error * error).sum() < 1e-18)
    #expect(file.warnings.isEmpty)
  }

  @Test func `sensors are written and read back, and are no part of the calibration's identity`() throws {
    let file = try read(
      """
      sensors:
        - {frame: a, translation_m: [1, 2, 3], rotation: [0, -1, 0, 0, 0, -1, 1, 0, 0]}
        - {frame: b, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1], time_offset_ms: 5}
      """)
    let again = try CalibrationFile.parse(file.info.yaml, file: "again.yaml")
    #expect(again.calibration.sensors == file.calibration.sensors && again.calibration.sensors.count == 2)
    #expect(try read("").id == file.id)
  }

  @Test func `a sensor further away than robots are large is doubted`() throws {
    let file = try read("sensors: [{frame: a, translation_m: [0, -12, 0], quaternion_xyzw: [0, 0, 0, 1]}]")
    #expect(file.warnings == [.sensorFarOff(frame: "a", meters: 12)])
  }

  @Test(arguments: [
    ("sensors: 3", "sensors must be a list"),
    ("sensors: [{translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1]}]", "frame is missing"),
    ("sensors: [{frame: a, quaternion_xyzw: [0, 0, 0, 1]}]", "translation_m is missing"),
    ("sensors: [{frame: a, translation_m: [0, 0, 0]}]", "one of them"),
    (
      "sensors: [{frame: a, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1], rotation: [1]}]",
      "one of them"
    ),
    ("sensors: [{frame: a, translation_m: [0, 0], quaternion_xyzw: [0, 0, 0, 1]}]", "x, y, z in metres"),
    ("sensors: [{frame: a, translation_m: [0, 250, 0], quaternion_xyzw: [0, 0, 0, 1]}]", "in metres"),
    ("sensors: [{frame: a, translation_m: [0, .nan, 0], quaternion_xyzw: [0, 0, 0, 1]}]", "is NaN"),
    ("sensors: [{frame: a, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 1, 1]}]", "of length 1"),
    (
      "sensors: [{frame: a, translation_m: [0, 0, 0], rotation: [1, 0, 0, 0, 1, 0, 0, 0, -1]}]",
      "no rotation"
    ),
    (
      "sensors: [{frame: a, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1], time_offset_ms: 1e6}]",
      "ten seconds"
    ),
    (
      "sensors: [{frame: a, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1], yaw: 3}]",
      "\"yaw\" is no key of a sensor"
    ),
    (
      """
      sensors:
        - {frame: a, translation_m: [0, 0, 0], quaternion_xyzw: [0, 0, 0, 1]}
        - {frame: a, translation_m: [0, 0, 1], quaternion_xyzw: [0, 0, 0, 1]}
      """, "stated twice"
    ),
  ])
  func `what is wrong with a sensor is said`(sensors: String, words: String) {
    #expect(problems(sensors).contains(words), "\(problems(sensors))")
  }
}
