import Configuration
import Testing

/// The problems of a text, as `line:column: text`.
func problems(_ toml: String) -> [String] {
  do {
    _ = try Configuration(toml: toml, file: "config.toml")
    return []
  } catch {
    guard case .invalid("config.toml", let problems) = error else {
      Issue.record("another error than expected: \(error)")
      return []
    }
    return problems.map(\.description)
  }
}

@Suite struct BadConfigurationTests {
  @Test(arguments: [
    ("[camera]\nwidht = 640\n", "2:1: camera.widht is an unknown key; did you mean camera.width?"),
    ("[cammera]\nwidth = 640\n", "1:2: cammera is an unknown table; did you mean [camera]?"),
    ("[depth]\n  max_range = 3\n", "2:3: depth.max_range is an unknown key; did you mean depth.max_m?"),
    ("width = 640\n", "1:1: width is an unknown key; did you mean camera.width?"),
    ("camera.heigth = 2\n", "1:8: camera.heigth is an unknown key; did you mean camera.height?"),
    (
      "camera = { fromat = \"auto\" }\n", "1:12: camera.fromat is an unknown key; did you mean camera.format?"
    ),
    (
      "[scale]\nmax_age_ms = 3\n",
      "2:1: scale.max_age_ms is an unknown key; did you mean odometry.max_age_ms or sparse.max_age_ms?"
    ),
    ("\n\n[publish.tcp]\nport = 1\n", "3:10: publish.tcp is an unknown table"),
  ]) func `an unknown key is refused with the nearest valid one`(_ toml: String, _ expected: String) {
    #expect(problems(toml) == [expected])
  }

  @Test(arguments: [
    (
      "[camera]\nwidth = \"wide\" # px\n", "2:9: camera.width is text; it must be a whole number"
    ),
    ("[camera]\nwidth = 640.0\n", "2:9: camera.width is a number; it must be a whole number"),
    ("[camera]\nwidth = 4\n", "2:9: camera.width is 4; it must be 16 to 7680 px"),
    ("camera.rate_hz = nan\n", "1:18: camera.rate_hz is nan; it must be 0.1 to 240.0 Hz"),
    ("camera.rate_hz = -inf\n", "1:18: camera.rate_hz is -inf; it must be 0.1 to 240.0 Hz"),
    ("[drive]\nloop = 1\n", "2:8: drive.loop is a whole number; it must be true or false"),
    ("[drive]\nloop = 1979-05-27\n", "2:8: drive.loop is a date or time; it must be true or false"),
    (
      "[drive]\npace = \"realtime\"\n",
      """
      2:8: drive.pace is "realtime"; it must be one of "real_time", "as_fast_as_possible"; did you mean \
      "real_time"?
      """
    ),
    (
      "[camera]\nsource = \"usb:0\"\n",
      """
      2:10: camera.source is "usb:0"; it must be "sim:WORLD", "drive:PATH", "v4l2:auto", "v4l2:/dev/NODE", \
      "v4l2:serial:SERIAL" or "v4l2:usb:PORT"
      """
    ),
    ("camera = 3\n", "1:1: camera is a whole number; it must be a table, written [camera]"),
    ("[[camera]]\n", "1:3: camera is a list; it must be a table, written [camera]"),
    (
      "[model]\npinned_cores = [0, 1,\n  1]\n",
      "3:3: model.pinned_cores[2] is 1; the list must be a list of different whole numbers, each 0 to 1023"
    ),
    (
      "[camera.controls]\ngain = 3\nexposure = \"auto\"\n",
      """
      3:12: camera.controls.exposure is "auto"; it must be a table of whole numbers, -2147483648 to 2147483647
      """
    ),
    ("schema_version = 2\n", "1:18: schema_version is 2; it must be 1"),
    (
      "scale.constant = 0\n",
      "1:18: scale.constant is 0.0; it must be 0.0001 to 10000.0 m per unit of network depth"
    ),
  ]) func `a wrong value is refused with its place and what is allowed`(_ toml: String, _ expected: String) {
    #expect(problems(toml) == [expected])
  }

  @Test func `settings that contradict each other are refused`() {
    #expect(
      problems("[depth]\nmin_m = 2.0\nmax_m = 1.0\n")
        == ["3:9: depth.max_m is 1.0 m; it must be above depth.min_m, which is 2.0 m"])
    // max_m has its default; the place is the one a person can change.
    #expect(
      problems("depth.min_m = 90\n")
        == ["1:15: depth.max_m is 80.0 m; it must be above depth.min_m, which is 90.0 m"])
    #expect(
      problems("publish.status_tcp = \"tcp://*:7781\"\n")
        == [
          """
          1:22: publish.status_tcp is tcp://*:7781, which other machines can reach without a password; use \
          tcp://127.0.0.1:7781, or set publish.allow_insecure = true
          """
        ])
    #expect(problems("[publish]\nallow_insecure = true\nstatus_tcp = \"tcp://0.0.0.0:7781\"\n").isEmpty)
    #expect(
      problems("[publish]\nstream_tcp = \"tcp://127.0.0.1:7781\"\nstatus_tcp = \"tcp://localhost:7781\"\n")
        == ["3:14: publish.status_tcp has port 7781, which publish.stream_tcp has already"])
    #expect(problems("[model]\nthreads = 2\npinned_cores = [1]\n").count == 1)
  }

  @Test func `everything wrong at once is listed at once, in the order of the file`() {
    let found = problems(
      """
      [depth]
      min_m = 5
      max_m = 4
      [camera]
      width = "wide"
      colour = true
      rate_hz = 0
      [odometry]
      source = "can0"
      [log]
      level = "warn"
      """)
    #expect(found.map { $0.prefix { $0 != ":" } } == ["3", "5", "6", "7", "9", "11"])
  }

  @Test func `a contradiction with a value that is wrong by itself is not repeated`() {
    #expect(problems("[depth]\nmin_m = 2\nmax_m = -1\n").count == 1)
  }

  @Test(arguments: [
    ("[camera\nwidth = 1\n", 1), ("[camera]\nwidth = \n", 2), ("a = 1\na = 2\n", 2), ("x = \"\n", 1),
    ("name = \"a\0b\"\n", 1),
  ]) func `a file that is no TOML is told apart, with the line`(_ toml: String, _ line: Int) {
    #expect {
      try Configuration(toml: toml, file: "config.toml")
    } throws: { error in
      guard case .unparsable("config.toml", let position, _) = error as? ConfigurationError else {
        return false
      }
      return position.line == line
    }
  }

  @Test func `the report is a line for each problem, as compilers write them`() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration(toml: "a = 1\n[camera]\nwidth = 1\n", file: "robot.toml")
    }
    #expect(
      try #require(error).description
        == """
        robot.toml:1:1: a is an unknown key
        robot.toml:3:9: camera.width is 1; it must be 16 to 7680 px
        """)
  }
}
