import Drive
import Glibc
import ImageBuffers
import Testing

/// Every way a folder can be wrong is an error that says where.
@Suite struct DriveDamageTests {
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let line: Int?
    let words: String
    let change: @Sendable (String) -> String

    init(
      _ name: String, _ file: String, line: Int?, _ words: String,
      _ change: @escaping @Sendable (String) -> String
    ) {
      testDescription = name
      self.file = file
      self.line = line
      self.words = words
      self.change = change
    }
  }

  static let damages = [
    Damage("short list", "frames.csv", line: 3, "incomplete") {
      $0.replacing("2,0.160000,000002.jpg\n", with: "")
    },
    Damage("cut line", "frames.csv", line: 4, "fields") { String($0.dropLast(14)) },
    Damage("wrong header", "frames.csv", line: 1, "header") { $0.replacing("time_s", with: "time") },
    Damage("empty list", "frames.csv", line: 1, "empty") { _ in "" },
    Damage("time back", "frames.csv", line: 3, "must rise") { $0.replacing("0.080000", with: "-0.5") },
    Damage("clock jump", "frames.csv", line: 4, "clock was set") { $0.replacing("0.160000", with: "90000") },
    Damage("time NaN", "frames.csv", line: 3, "finite") { $0.replacing("0.080000", with: "nan") },
    Damage("time lost", "frames.csv", line: 3, "every line or on none") {
      $0.replacing("0.080000", with: "")
    },
    Damage("path out of the folder", "frames.csv", line: 2, "inside frames/") {
      $0.replacing("000000.jpg", with: "../../passwd")
    },
    Damage("wrong index", "frames.csv", line: 3, "must be 1") { $0.replacing("1,0.08", with: "7,0.08") },
    Damage("odometry NaN", "odometry.csv", line: 2, "finite") { $0.replacing("1.500000", with: "nan") },
    Damage("odometry words", "odometry.csv", line: 2, "finite") { $0.replacing("1.500000", with: "fast") },
    Damage("odometry back", "odometry.csv", line: 3, "must rise") { $0.replacing("0.040000", with: "-1") },
    Damage("short poses", "poses.csv", line: nil, "poses for 3 frames") {
      $0.split(separator: "\n").prefix(3).joined(separator: "\n") + "\n"
    },
    Damage("no rotation", "poses.csv", line: 2, "rotation") {
      $0.replacing("0.000000,0.000000000,0.000000000,1.000000000", with: "0.000000,0,0,3")
    },
    Damage("no TOML", "drive.toml", line: 3, "TOML") { _ in "name = 'x'\nwidth = 32\nheight = = 16\n" },
    Damage("no width", "drive.toml", line: nil, "width is missing") {
      $0.replacing("width = 32\n", with: "").replacing("width = 32", with: "")
    },
    Damage("negative height", "drive.toml", line: nil, "at least 1") {
      $0.replacing("height = 16", with: "height = -16")
    },
    Damage("unknown kind", "drive.toml", line: nil, "must be one of") {
      $0.replacing("'sequence'", with: "'movie'")
    },
    Damage("another size", "drive.toml", line: nil, "calibration is for 32x16") {
      $0.replacing("height = 16", with: "height = 18")
    },
    Damage("bad calibration", "camera.yaml", line: nil, "") { $0.replacing("camera_matrix", with: "matrix") },
  ]

  @Test(arguments: damages)
  func `damaged text is refused with its place`(damage: Damage) throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 3)
    fixture.edit(damage.file, damage.change)
    do {
      _ = try DriveReader(directory: fixture.directory)
      Issue.record("the damage went unnoticed")
    } catch {
      guard case .badText(let path, let line, _) = error else {
        Issue.record("another error: \(error)")
        return
      }
      let isCameraOfAnotherSize = damage.testDescription == "another size"
      #expect(path.hasSuffix(isCameraOfAnotherSize ? "camera.yaml" : damage.file))
      if let wanted = damage.line { #expect(line == wanted) }
      #expect("\(error)".contains(damage.words), "\(error)")
    }
  }

  @Test(arguments: ["drive.toml", "frames.csv"])
  func `a missing file is named`(name: String) throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 1)
    unlink(fixture.directory + "/" + name)
    #expect {
      try DriveReader(directory: fixture.directory)
    } throws: { error in
      guard case .missingFile(let path, _)? = error as? DriveError else { return false }
      return path.hasSuffix(name)
    }
  }

  @Test
  func `a folder that is none is named`() {
    #expect(throws: DriveError.self) { try DriveReader(directory: "/nonexistent/drive") }
  }

  @Test
  func `a lost or damaged image is an error of that image`() throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 3)
    unlink(fixture.directory + "/frames/000000.jpg")
    fixture.edit("frames/000001.jpg") { _ in "not a picture" }
    let reader = try DriveReader(directory: fixture.directory)
    var image = RGBImage(size: DriveFixture.size)
    #expect {
      try reader.readImage(0, into: &image)
    } throws: { "\($0)".contains("frames/000000.jpg") }
    #expect {
      try reader.readImage(1, into: &image)
    } throws: { error in
      guard case .badImage(let path, _)? = error as? DriveError else { return false }
      return path.hasSuffix("frames/000001.jpg")
    }
    try reader.readImage(2, into: &image)
  }
}
