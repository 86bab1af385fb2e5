import Configuration
import Quantities
import Testing

@Suite struct ConfigurationTests {
  @Test func `an empty file is the defaults`() throws {
    #expect(try Configuration(toml: "", file: "config.toml") == Configuration())
    #expect(try Configuration(toml: "# nothing\n", file: "config.toml") == Configuration())
  }

  @Test func `every kind of value is read`() throws {
    let configuration = try Configuration(
      toml: """
        camera.name = 'left_2'
        camera."source" = "v4l2:serial:AB:12"
        camera.rate_hz = 15   # a whole number is a number
        camera.controls = { exposure_auto = 1, gain = -3 }
        model = { path = "m.onnx", input_size = "416x128", pinned_cores = [2, 3] }
        [scale]
        constant = 0.5
        [publish]
        directory = "/run/depth"
        status_tcp = "tcp://[::1]:7781"
        [odometry]
        source = "zmq:tcp://robot.local:5601"
        [drive]
        pace = "as_fast_as_possible"
        """, file: "config.toml")
    #expect(configuration.camera.name == "left_2")
    #expect(configuration.camera.source == .v4l2Serial("AB:12"))
    #expect(configuration.camera.rateHz == 15)
    #expect(configuration.camera.controls == ["exposure_auto": 1, "gain": -3])
    #expect(configuration.model.inputSize == .size(ImageSize(width: 416, height: 128)))
    #expect(configuration.model.pinnedCores == [2, 3])
    #expect(configuration.scale.constant == 0.5)
    #expect(configuration.publish.directory == .path("/run/depth"))
    #expect(configuration.publish.statusTCP.endpoint?.port == 7781)
    #expect(configuration.odometry.source == .zmq(endpoint: "tcp://robot.local:5601"))
    #expect(configuration.drive.pace == .asFastAsPossible)
  }

  @Test func `paths of keys are unique and their tables are listed`() {
    let paths = ConfigurationKey.all.map(\.path)
    #expect(Set(paths).count == paths.count)
    let tables = Set(ConfigurationKey.tables.map(\.name) + [""])
    for path in paths {
      #expect(tables.contains(path.split(separator: ".").dropLast().joined(separator: ".")))
    }
  }

  @Test func `a difference names the keys, both values and the reload class`() throws {
    let old = Configuration()
    var new = old
    new.depth.maxMeters = 40
    new.scale.constant = 1.5
    new.camera.source = .drive(path: "tests/drive")
    new.publish.statusTCP = try Configuration(
      toml: "publish.status_tcp = \"tcp://127.0.0.1:7781\"", file: ""
    ).publish.statusTCP
    #expect(
      new.difference(from: old).map(\.description) == [
        "camera.source: \"sim:street\" -> \"drive:tests/drive\" (rebuild)",
        "depth.max_m: 80.0 -> 40.0 (live)", "scale.constant: absent -> 1.5 (live)",
        "publish.status_tcp: \"\" -> \"tcp://127.0.0.1:7781\" (restart)",
      ])
    #expect(old.difference(from: old).isEmpty)
    #expect(new.difference(from: old).map(\.reload).max() == .restart)
  }

  @Test func `relative paths start at the configuration file`() {
    #expect(
      Configuration.resolve("models/lite", besides: "/etc/depthd/config.toml") == "/etc/depthd/models/lite")
    #expect(Configuration.resolve("/opt/m", besides: "/etc/depthd/config.toml") == "/opt/m")
    #expect(Configuration.resolve("models/lite", besides: "config.toml") == "models/lite")
  }

  @Test func `the state folder follows systemd, then the user, and a path is taken as it is`() {
    let setting = DirectorySetting.automatic
    #expect(setting.stateDirectory(environment: ["STATE_DIRECTORY": "/var/lib/depthd"]) == "/var/lib/depthd")
    #expect(setting.stateDirectory(environment: ["HOME": "/home/r"]) == "/home/r/.local/state/depthd")
    #expect(setting.stateDirectory(environment: [:]) == nil)
    #expect(DirectorySetting.path("/x").stateDirectory(environment: ["HOME": "/home/r"]) == "/x")
  }

  @Test(arguments: [
    ("tcp://127.0.0.1:1", true), ("tcp://localhost:7781", true), ("tcp://[::1]:65535", true),
    ("tcp://127.0.0.1.evil.org:1", false), ("tcp://*:5", false), ("tcp://0.0.0.0:5", false),
    ("tcp://robot:5", false),
  ]) func `only this machine's own addresses count as private`(_ text: String, _ isLoopback: Bool) throws {
    #expect(try #require(TCPEndpoint(text)).isLoopback == isLoopback)
  }

  @Test(arguments: [
    "tcp://", "tcp://127.0.0.1", "tcp://:80", "tcp://a:0", "tcp://a:65536", "tcp://a:x", "udp://a:1",
    "tcp://a b:1", "127.0.0.1:80", "tcp://[]:1",
  ]) func `other texts are no TCP addresses`(_ text: String) { #expect(TCPEndpoint(text) == nil) }
}

struct CameraSourceTests {
  @Test(
    arguments: [
      ("v4l2:auto", .v4l2First), ("v4l2:/dev/video2", .v4l2Device("/dev/video2")),
      ("v4l2:serial:AB:12", .v4l2Serial("AB:12")), ("v4l2:usb:1-2.3", .v4l2USBPort("1-2.3")),
      ("drive:recordings/a", .drive(path: "recordings/a")), ("sim:yard", .simulation(world: "yard")),
    ] as [(String, CameraSource)])
  func `a source reads and writes as the same text`(text: String, source: CameraSource) {
    #expect(CameraSource(configurationText: text) == source)
    #expect(source.configurationText == text)
  }

  @Test(arguments: ["v4l2:", "v4l2:usb:", "v4l2:video0", "v4l2:serial:", "usb:1-2", "sim:", ""])
  func `a source that names nothing is refused`(text: String) {
    #expect(CameraSource(configurationText: text) == nil)
  }
}
