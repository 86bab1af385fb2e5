import Configuration
import DepthDaemon
import Foundation
import Quantities
import TestSupport
import Testing

/// Time runs as the test says; only the files are real.
@Suite struct ConfigurationWatchTests {
  private let folder: TemporaryFolder
  private let second: Int64 = 1_000_000_000
  private static let calibration = """
    image_width: 640
    image_height: 480
    camera_name: front
    camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 500, 240, 0, 0, 1]}
    distortion_model: plumb_bob
    distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}

    """

  init() throws {
    folder = try TemporaryFolder()
    try save("front.yaml", Self.calibration)
    try save("config.toml", Self.text())
  }

  private static func text(farthest: Double = 80, calibration: String = "front.yaml", watch: Bool = true)
    -> String
  {
    """
    [camera]
    source = "sim:street"
    width = 640
    height = 480
    calibration = "\(calibration)"
    [depth]
    max_m = \(farthest)
    [reload]
    watch = \(watch)
    debounce_ms = 1000

    """
  }

  /// As editors do: another file under the same name.
  private func save(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)), options: .atomic)
  }

  private func loaded() throws -> LoadedConfiguration {
    try LoadedConfiguration(path: folder.file("config.toml"), environment: [:])
  }

  /// Asks at each of these seconds.
  private func due(_ watch: inout ConfigurationWatch, at seconds: Int64...) -> [Bool] {
    var answers: [Bool] = []
    for second in seconds { answers.append(watch.isDue(at: time(second))) }
    return answers
  }

  private func time(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * second) }

  @Test func `a change is due once it has been left alone`() throws {
    var watch = ConfigurationWatch(try loaded())
    #expect(due(&watch, at: 10) == [false])
    try save("config.toml", Self.text(farthest: 20))
    #expect(due(&watch, at: 11) == [false])
    try save("config.toml", Self.text(farthest: 30))
    #expect(due(&watch, at: 12, 13) == [false, true])
    watch.noteAttempt()
    #expect(due(&watch, at: 14, 15, 16) == [false, false, false])
  }

  @Test func `the same content again is no news`() throws {
    var watch = ConfigurationWatch(try loaded())
    try save("config.toml", Self.text())
    #expect(due(&watch, at: 10, 12, 14) == [false, false, false])
    try save("config.toml", Self.text(farthest: 20))
    #expect(due(&watch, at: 16, 18) == [false, true])
  }

  @Test func `the calibration file is watched too`() throws {
    var watch = ConfigurationWatch(try loaded())
    try save("front.yaml", Self.calibration.replacing("500", with: "510"))
    #expect(due(&watch, at: 10, 12) == [false, true])
  }

  @Test func `a file that goes is news, as is its coming back`() throws {
    var watch = ConfigurationWatch(try loaded())
    try FileManager.default.removeItem(atPath: folder.file("config.toml"))
    #expect(due(&watch, at: 10, 12) == [false, true])
    watch.noteAttempt()
    try save("config.toml", Self.text())
    #expect(due(&watch, at: 14, 16) == [false, true])
  }

  @Test func `a change behind a link, and a folder exchanged whole, are seen`() throws {
    let manager = FileManager.default
    for (name, farthest) in [("a", 20.0), ("b", 30.0)] {
      try manager.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
      try save("\(name)/config.toml", Self.text(farthest: farthest, calibration: "../front.yaml"))
    }
    try manager.createSymbolicLink(atPath: folder.file("now"), withDestinationPath: "a")
    var watch = ConfigurationWatch(
      try LoadedConfiguration(path: folder.file("now/config.toml"), environment: [:]))
    try manager.createSymbolicLink(atPath: folder.file("next"), withDestinationPath: "b")
    #expect(rename(folder.file("next"), folder.file("now")) == 0)
    #expect(due(&watch, at: 10, 12) == [false, true])
  }

  @Test func `what was written to a new calibration while it was being read is not missed`() throws {
    var watch = ConfigurationWatch(try loaded())
    try save("other.yaml", Self.calibration)
    try save("config.toml", Self.text(calibration: "other.yaml"))
    watch.noteAttempt()
    let read = try loaded()
    try save("other.yaml", Self.calibration.replacing("500", with: "510"))
    watch.follow(read, at: time(10))
    #expect(due(&watch, at: 10, 11) == [false, true])
  }

  @Test func `without the wish nothing is due`() throws {
    try save("config.toml", Self.text(watch: false))
    var watch = ConfigurationWatch(try loaded())
    try save("config.toml", Self.text(farthest: 20, watch: false))
    #expect(due(&watch, at: 10, 12) == [false, false])
  }
}
