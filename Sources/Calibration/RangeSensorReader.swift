import Geometry

/// Reads the entries of `sensors`: where the robot's range sensors sit, seen from the camera.
///
///     - frame: lidar_top
///       translation_m: [0.0, -0.25, -0.1]
///       quaternion_xyzw: [0.5, -0.5, 0.5, 0.5]
///       time_offset_ms: 0.0
struct RangeSensorReader {
  private(set) var found: [RangeSensor] = []
  private(set) var problems: [CalibrationProblem] = []
  /// Entries read so far, good and bad: what has no name is called by its number.
  private var count = 0

  private static let keys: Set<String> = [
    "frame", "translation_m", "quaternion_xyzw", "rotation", "time_offset_ms",
  ]
  /// A sensor further from the camera than this is a slip of the unit.
  private static let farthestMeters = 20.0
  private static let largestOffsetMilliseconds = 10_000.0

  /// Takes one entry in, or notes what is wrong with it.
  mutating func read(_ entry: MappingReader) {
    var reader = entry
    count += 1
    let frame = reader.text("frame")
    let translation = translation(&reader)
    let rotation = rotation(&reader)
    let offset = reader.has("time_offset_ms") ? reader.number("time_offset_ms") : 0
    for key in reader.keys where !Self.keys.contains(key.name) {
      reader.report(
        key.name, "\"\(key.name)\" is no key of a sensor; keys: \(Self.keys.sorted().joined(separator: ", "))"
      )
    }
    if let frame { check(frame, &reader) }
    if let offset, abs(offset) > Self.largestOffsetMilliseconds {
      reader.report("time_offset_ms", "time_offset_ms is \(offset); ten seconds are the most")
    }
    let name = "sensors: \(frame ?? "\(count).")"
    problems += reader.problems.map { CalibrationProblem(line: $0.line, text: "\(name): \($0.text)") }
    guard reader.problems.isEmpty, let frame, let translation, var rotation, let offset else { return }
    rotation.translation = translation
    found.append(
      RangeSensor(
        frame: frame, cameraFromSensor: rotation, timeOffsetNanoseconds: Int64((offset * 1e6).rounded())))
  }

  private mutating func check(_ frame: String, _ reader: inout MappingReader) {
    if !(1...64).contains(frame.utf8.count) {
      reader.report("frame", "frame is a name of 1 to 64 bytes")
    }
    if found.contains(where: { $0.frame == frame }) {
      reader.report("frame", "frame is stated twice")
    }
    if found.count == RangeSensor.most {
      reader.report("frame", "more than \(RangeSensor.most) sensors")
    }
  }

  private func translation(_ reader: inout MappingReader) -> SIMD3<Double>? {
    guard let numbers = reader.numbers("translation_m") else { return nil }
    guard numbers.count == 3, numbers.allSatisfy({ abs($0) <= Self.farthestMeters }) else {
      reader.report(
        "translation_m",
        "translation_m is x, y, z in metres, each at most \(Self.farthestMeters) from the camera")
      return nil
    }
    return SIMD3(numbers[0], numbers[1], numbers[2])
  }

  /// Either form, without a translation.
  private func rotation(_ reader: inout MappingReader) -> RigidTransform? {
    guard reader.has("quaternion_xyzw") != reader.has("rotation") else {
      reader.report(
        nil, "state quaternion_xyzw (x, y, z, w) or rotation (nine numbers, row by row), one of them")
      return nil
    }
    if reader.has("rotation") {
      guard let numbers = reader.numbers("rotation") else { return nil }
      guard numbers.count == 9, RigidTransform.isRotation(numbers) else {
        reader.report("rotation", "rotation is no rotation of nine numbers, row by row")
        return nil
      }
      return RigidTransform(rotation: numbers, translation: .zero)
    }
    guard let q = reader.numbers("quaternion_xyzw") else { return nil }
    let length = q.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard q.count == 4, abs(length - 1) < 1e-3 else {
      reader.report("quaternion_xyzw", "quaternion_xyzw is x, y, z, w of length 1, found length \(length)")
      return nil
    }
    return RigidTransform(
      quaternion: SIMD4(q[0], q[1], q[2], q[3]) / length, translation: .zero)
  }
}
