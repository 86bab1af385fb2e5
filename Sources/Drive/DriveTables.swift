public import Geometry

/// One line of `frames.csv`.
public struct DriveFrame: Equatable, Sendable {
  /// Seconds after the start of the drive; nil = unknown.
  public var timeSeconds: Double?
  /// File name inside `frames/`.
  public var file: String
}

/// One line of `odometry.csv`.
public struct DriveOdometry: Equatable, Sendable {
  public var timeSeconds: Double
  public var speedMetersPerSecond: Double
  /// Positive turning left.
  public var yawRateRadiansPerSecond: Double
}

/// One line of `poses.csv`.
public struct DrivePose: Equatable, Sendable {
  public var timeSeconds: Double?
  public var worldFromCamera: RigidTransform
}

/// The drives' CSV files as values.
enum DriveTables {
  /// A step of time larger than this is a clock that was set, not a pause, seconds.
  private static let largestStepSeconds = 3600.0

  static func frames(path: String, expected: Int) throws(DriveError) -> [DriveFrame] {
    let table = try CSVTable(path: path, columns: ["index", "time_s", "file"])
    var frames: [DriveFrame] = []
    var clock = RisingClock(path: path, largestStep: largestStepSeconds)
    for row in table.rows.indices {
      let fields = table.rows[row]
      guard Int(fields[0]) == row else {
        throw .badText(path: path, line: row + 2, reason: "index is \"\(fields[0])\"; it must be \(row)")
      }
      let time = fields[1].isEmpty ? nil : try table.number(row: row, column: 1, "time_s")
      try clock.accept(time, line: row + 2, mayRepeat: false)
      guard !fields[2].isEmpty, !fields[2].contains("/"), !fields[2].hasPrefix(".") else {
        throw .badText(
          path: path, line: row + 2, reason: "file is \"\(fields[2])\"; it must be a name inside frames/")
      }
      frames.append(DriveFrame(timeSeconds: time, file: String(fields[2])))
    }
    guard frames.count == expected else {
      throw .badText(
        path: path, line: frames.count + 1,
        reason: "\(frames.count) frames, but drive.toml says \(expected); the recording is incomplete")
    }
    return frames
  }

  static func odometry(path: String) throws(DriveError) -> [DriveOdometry] {
    let table = try CSVTable(path: path, columns: ["time_s", "speed_mps", "yaw_rate_radps"])
    var readings: [DriveOdometry] = []
    var clock = RisingClock(path: path, largestStep: largestStepSeconds)
    for row in table.rows.indices {
      let reading = DriveOdometry(
        timeSeconds: try table.number(row: row, column: 0, "time_s"),
        speedMetersPerSecond: try table.number(row: row, column: 1, "speed_mps"),
        yawRateRadiansPerSecond: try table.number(row: row, column: 2, "yaw_rate_radps"))
      try clock.accept(reading.timeSeconds, line: row + 2, mayRepeat: true)
      readings.append(reading)
    }
    return readings
  }

  static func poses(path: String) throws(DriveError) -> [DrivePose] {
    let names = (0..<3).flatMap { row in (0..<4).map { "t\(row)\($0)" } }
    let table = try CSVTable(path: path, columns: ["time_s"] + names)
    var poses: [DrivePose] = []
    for row in table.rows.indices {
      var numbers: [Double] = []
      for (column, name) in names.enumerated() {
        numbers.append(try table.number(row: row, column: column + 1, name))
      }
      let rotation = [0, 1, 2, 4, 5, 6, 8, 9, 10].map { numbers[$0] }
      try checkRotation(rotation, path: path, line: row + 2)
      let time = table.rows[row][0].isEmpty ? nil : try table.number(row: row, column: 0, "time_s")
      poses.append(
        DrivePose(
          timeSeconds: time,
          worldFromCamera: RigidTransform(
            rotation: rotation, translation: SIMD3(numbers[3], numbers[7], numbers[11]))))
    }
    return poses
  }

  /// Rows of a rotation have unit length; recordings are rounded, so a hundredth is allowed.
  private static func checkRotation(_ rotation: [Double], path: String, line: Int) throws(DriveError) {
    for row in 0..<3 {
      let square = (0..<3).reduce(0.0) { $0 + rotation[3 * row + $1] * rotation[3 * row + $1] }
      guard abs(square - 1) < 0.02 else {
        throw .badText(
          path: path, line: line, reason: "row \(row) of the rotation has length \(square.squareRoot())")
      }
    }
  }
}

/// Checks that times rise, or are all unknown.
private struct RisingClock {
  let path: String
  let largestStep: Double
  private var last: Double?
  private var isFirst = true
  private var isUnknown = false

  init(path: String, largestStep: Double) {
    self.path = path
    self.largestStep = largestStep
  }

  mutating func accept(_ time: Double?, line: Int, mayRepeat: Bool) throws(DriveError) {
    if isFirst { isUnknown = time == nil }
    isFirst = false
    guard (time == nil) == isUnknown else {
      throw .badText(path: path, line: line, reason: "time_s must be known on every line or on none")
    }
    guard let time else { return }
    if let last {
      guard time > last || (mayRepeat && time == last) else {
        throw .badText(path: path, line: line, reason: "time_s goes from \(last) to \(time); times must rise")
      }
      guard time - last <= largestStep else {
        throw .badText(
          path: path, line: line,
          reason: "time_s jumps by \(time - last) s; the clock was set during recording")
      }
    }
    last = time
  }
}
