import Configuration
import DepthDaemon
import Foundation
import Quantities
import TestSupport
import Testing

@Suite struct ReloadPlanTests {
  private static let simulator = CameraSource.simulation(world: "street")
  private static let recording = CameraSource.drive(path: "a")

  private func plan(
    _ keys: [(String, ReloadClass)], source: CameraSource = ReloadPlanTests.simulator
  ) -> ReloadPlan {
    ReloadPlan(
      keys.map { ConfigurationChange(key: $0.0, old: "1", new: "2", reload: $0.1) }, source: source)
  }

  @Test func `live keys need nothing new`() {
    let live = plan([("depth.max_m", .live), ("log.level", .live)])
    #expect(live.parts.isEmpty && live.restartKeys.isEmpty)
  }

  @Test func `a restart key is named`() {
    #expect(plan([("depth.max_m", .live), ("camera.name", .restart)]).restartKeys == ["camera.name"])
  }

  @Test(arguments: [
    ("camera.calibration", Self.simulator, [ReloadPlan.Part.pipeline]),
    ("camera.frame_id", Self.simulator, [.pipeline]),
    ("camera.source", Self.recording, [.source, .pipeline]),
    ("simulation.seed", Self.simulator, [.source, .pipeline]),
    ("camera.width", Self.simulator, [.source, .pipeline]),
    ("drive.loop", Self.recording, [.source, .pipeline]),
    ("camera.controls", .v4l2First, [.source, .pipeline]),
    ("model.path", Self.simulator, [.pipeline]), ("preprocessing.fit", Self.simulator, [.pipeline]),
    ("odometry.source", Self.simulator, [.odometry]), ("odometry.can.speed", Self.simulator, [.odometry]),
    ("odometry.wheels.track_m", Self.simulator, [.odometry]),
  ])
  func `a rebuild key makes anew what it takes part in`(
    key: String, source: CameraSource, parts: [ReloadPlan.Part]
  ) {
    #expect(plan([(key, .rebuild)], source: source).parts == Set(parts))
  }

  @Test(arguments: [
    ("simulation.seed", CameraSource.v4l2First), ("drive.loop", .v4l2Device("/dev/video0")),
    ("drive.pace", Self.simulator), ("simulation.rate_hz", Self.recording), ("camera.width", Self.recording),
    ("camera.controls", Self.simulator), ("camera.rate_hz", Self.recording),
  ])
  func `a source takes no notice of what is said about others`(key: String, source: CameraSource) {
    #expect(plan([(key, .rebuild)], source: source).parts.isEmpty)
  }

  @Test(arguments: ConfigurationKey.all.filter { $0.reload == .rebuild }.map(\.path))
  func `every rebuild key of the schema makes something anew for some source`(key: String) {
    let sources = [CameraSource.v4l2First, Self.recording, Self.simulator]
    #expect(sources.contains { !plan([(key, .rebuild)], source: $0).parts.isEmpty })
  }
}

/// What differs, key by key and by content.
@Suite struct ConfigurationDifferenceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func calibrate(focalLength: Int) throws {
    try save(
      "front.yaml",
      """
      image_width: 640
      image_height: 480
      camera_name: front
      camera_matrix: {rows: 3, cols: 3, data: [\(focalLength), 0, 320, 0, \(focalLength), 240, 0, 0, 1]}
      distortion_model: plumb_bob
      distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}

      """)
  }

  private func save(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)), options: .atomic)
  }

  private func load(source: String, rateHz: Int = 10, calibration: String = "front.yaml") throws
    -> LoadedConfiguration
  {
    try save(
      "config.toml",
      """
      [camera]
      source = "\(source)"
      width = 640
      height = 480
      rate_hz = \(rateHz)
      calibration = "\(calibration)"

      """)
    return try LoadedConfiguration(path: folder.file("config.toml"), environment: [:])
  }

  private func keys(_ new: LoadedConfiguration, _ old: LoadedConfiguration) -> [String] {
    new.difference(from: old).map(\.key)
  }

  @Test func `a calibration replaced under its name is seen beside any other change`() throws {
    try calibrate(focalLength: 500)
    let old = try load(source: "v4l2:/dev/video0")
    #expect(keys(try load(source: "v4l2:/dev/video0"), old) == [])
    try calibrate(focalLength: 510)
    #expect(keys(try load(source: "v4l2:/dev/video0"), old) == ["camera.calibration"])
    #expect(
      keys(try load(source: "v4l2:/dev/video0", rateHz: 15), old) == ["camera.rate_hz", "camera.calibration"])
    #expect(keys(try load(source: "sim:street"), old) == ["camera.source", "camera.calibration"])
  }

  @Test func `another source's own calibration is no news of its own`() throws {
    try calibrate(focalLength: 500)
    let old = try load(source: "v4l2:/dev/video0", calibration: "")
    #expect(keys(try load(source: "sim:street", calibration: ""), old) == ["camera.source"])
    #expect(keys(try load(source: "v4l2:/dev/video0"), old) == ["camera.calibration"])
  }
}

@Suite struct TrailingDebounceTests {
  private let second: Int64 = 1_000_000_000

  @Test func `the last of several notes counts, and counts once`() {
    var debounce = TrailingDebounce(nanoseconds: second)
    let start = MonotonicTime(nanoseconds: 0)
    var over: [Bool] = [debounce.isOver(at: start)]
    debounce.note(at: start)
    debounce.note(at: start + second / 2)
    for halves in [2, 3, 4, 18] { over.append(debounce.isOver(at: start + Int64(halves) * second / 2)) }
    #expect(over == [false, false, true, false, false])
  }
}
