import CANBus
import Capture
import Completion
import DepthDaemon
import DepthPipeline
import Health
import Quantities
import Testing

@Suite struct ComponentTests {
  /// Everything configured and in good health, a minute after the start.
  static func healthy(at seconds: Double = 60) -> ComponentObservation {
    var health = HealthReport.Observation(time: MonotonicTime(seconds: seconds))
    health.capture = .streaming
    health.published = 600
    health.nominalRateHz = 10
    health.arrivalRateHz = 10
    health.rateHz = 10
    health.isCalibrated = true
    health.perception.report = FrameReport(
      scale: ScaleEstimate(value: 1, logSigma: 0.05, state: .locked, sources: .constant))
    health.perception.lastPublished = MonotonicTime(seconds: seconds - 0.1)
    var now = ComponentObservation(health: health)
    now.uptimeSeconds = seconds
    now.calibration = "front, 640x480"
    now.recently.arrived = 100
    now.odometry.isExpected = true
    now.odometry.ageSeconds = 0.01
    now.wallTime = WallTime(nanoseconds: 1_790_000_000_000_000_000)
    now.machine.freeBytes = 10_000_000_000
    now.machine.temperature = MachineState.Temperature(
      zone: "x86_pkg_temp", celsius: 60, highCelsius: 85, criticalCelsius: 100)
    return now
  }

  private static func codes(_ now: ComponentObservation) -> [HealthComponent: DiagnosticCode] {
    var assessor = ComponentAssessor()
    let findings = assessor.assess(now)
    return Dictionary(uniqueKeysWithValues: findings.map { ($0.component, $0.code) })
  }

  @Test func `every reported component has one finding, in order`() {
    var assessor = ComponentAssessor()
    let findings = assessor.assess(Self.healthy())
    #expect(findings.map(\.component) == HealthComponent.reported)
  }

  @Test func `a healthy daemon claims nothing for what is not there`() {
    var assessor = ComponentAssessor()
    let levels = Dictionary(
      uniqueKeysWithValues: assessor.assess(Self.healthy()).map { ($0.component, $0.level) })
    for component in HealthComponent.reported {
      #expect(levels[component] == ([.bank, .sparse].contains(component) ? .off : .ok))
    }
  }

  typealias Change = @Sendable (inout ComponentObservation) -> Void

  /// A publisher of range points is configured and heard; the rest is `change`.
  private static func heard(_ change: @escaping @Sendable (inout ComponentObservation) -> Void) -> Change {
    { now in
      now.ranges.isExpected = true
      now.ranges.isHeard = true
      now.ranges.lastPlaced = 1
      now.ranges.last.counts.kept = 400
      change(&now)
    }
  }

  private static let rangeFaults: [(DiagnosticCode, Change)] = [
    (.sparseOK, heard { _ in }),
    (.sparseIdle, { ($0.ranges.isExpected, $0.uptimeSeconds) = (true, 1) }),
    (.sparseMissing, { $0.ranges.isExpected = true }),
    (.sparseMissing, { ($0.ranges.isExpected, $0.ranges.failure) = (true, "no such host") }),
    (.sparseStale, heard { $0.ranges.silent = ("lidar", 12) }),
    (.sparseLate, heard { ($0.ranges.lastPlaced, $0.recently.ranges.staleScans) = (0, 90) }),
    (.sparseNoMotion, heard { ($0.ranges.lastPlaced, $0.recently.ranges.unmovedScans) = (0, 90) }),
    (.sparseFew, heard { $0.ranges.last = RangeReport() }),
    (
      .sparseFew,
      heard {
        ($0.ranges.mayComplete, $0.ranges.last) = (true, RangeReport())
        $0.ranges.last.counts.kept = 79
      }
    ),
    (.sparseUnreadable, heard { ($0.recently.ranges.unreadable, $0.ranges.problem) = (1, "cut off") }),
    (.sparseBroken, heard { ($0.recently.ranges.received, $0.recently.ranges.notFinite) = (100, 51) }),
    (.sparseUnknownFrame, heard { $0.recently.ranges.unknownFrame = 1 }),
    (.sparseNoExtrinsics, heard { $0.recently.ranges.noExtrinsics = 1 }),
    (.sparseClock, heard { $0.recently.ranges.badStamps = 1 }),
  ]

  @Test(arguments: 0..<rangeFaults.count)
  func `what is wrong with range points is told by its code`(index: Int) {
    let (code, change) = Self.rangeFaults[index]
    var now = Self.healthy()
    change(&now)
    #expect(Self.codes(now)[.sparse] == code)
  }

  private static let faults: [(DiagnosticCode, Change)] = [
    (.cameraStarting, { $0.health.capture = .starting }),
    (.recordingEnded, { $0.health.capture = .ended }),
    (.cameraBusy, { $0.health.capture = .unavailable(.camera(.busy(path: "/dev/video0"))) }),
    (.cameraForbidden, { $0.health.capture = .unavailable(.camera(.noPermission(path: "/dev/video0"))) }),
    (.cameraNoBandwidth, { $0.health.capture = .unavailable(.camera(.noBandwidth(path: "a", mode: "b"))) }),
    (.sourceUnusable, { $0.health.capture = .unavailable(.badSource(source: "drive:x", reason: "gone")) }),
    (.cameraLosesFrames, { $0.recently.lost = 10 }),
    (.cameraSlow, { ($0.health.arrivalRateHz, $0.health.rateHz) = (3, 3) }),
    (.cameraReconnected, { $0.sinceReconnectSeconds = 12 }),
    (.calibrationNone, { $0.calibration = nil }),
    (.calibrationWrongSize, { $0.health.perception.failure = .calibration("for 1280x720") }),
    (.decodeBrokenFrames, { $0.recently.broken = 5 }),
    (.decodeIdle, { $0.health.capture = .starting }),
    (.modelFailed, { $0.health.perception.failure = .model("no such size") }),
    (.modelSlow, { $0.health.rateHz = 3 }),
    (.modelHoles, { $0.health.perception.report?.holeShare = 0.08 }),
    (.bankFailed, { $0.health.priorsFailure = "M = 0" }),
    (
      .bankOutOfDomain,
      {
        $0.bank = "0123456789abcdef, 4096 references"
        $0.health.perception.report?.isOutOfDomain = true
      }
    ),
    (.odometryOff, { $0.odometry.isExpected = false }),
    (.odometryMissing, { $0.odometry.ageSeconds = nil }),
    (.odometryStale, { $0.odometry.ageSeconds = 2 }),
    (
      .odometryUnreadable,
      {
        $0.odometry.problem = "no number"
        $0.recently.unreadableOdometry = 1
      }
    ),
    (.odometryImplausible, { $0.recently.implausibleOdometry = 20 }),
    (
      .odometryImplausible,
      {
        $0.odometry.ageSeconds = nil
        $0.recently.implausibleOdometry = 300
      }
    ),
    (.odometryCounter, { $0.recently.odometryCounterFaults = 3 }),
    (.odometryOffset, { $0.odometry.offsetAdvice = "odometry is 40 ms late" }),
    (.odometryCANAbsent, { $0.odometry.fault = .absent(interface: "can0") }),
    (.odometryCANAbsent, { $0.odometry.fault = .notCAN(interface: "eth0") }),
    (.odometryCANDown, { $0.odometry.fault = .down(interface: "can0") }),
    (.odometryCANBusOff, { $0.odometry.fault = .busOff(interface: "can0") }),
    (.odometryCANErrors, { $0.odometry.fault = .errorPassive(interface: "can0") }),
    (
      .odometryCANSilent,
      {
        $0.odometry.isBus = true
        $0.odometry.ageSeconds = nil
      }
    ),
    (
      .odometryCANSilent,
      {
        $0.odometry.isBus = true
        $0.odometry.ageSeconds = 3
      }
    ),
    (
      .odometryCounter,
      {
        $0.odometry.isBus = true
        $0.odometry.ageSeconds = 3
        $0.recently.odometryCounterFaults = 30
      }
    ),
    (.scaleUnknown, { $0.health.perception.report?.scale.state = .unscaled }),
    (.scaleConverging, { $0.health.perception.report?.scale.state = .converging }),
    (.scaleHeld, { $0.health.perception.report?.scale.state = .held }),
    (.scaleConflict, { $0.health.perception.report?.scale.state = .conflict }),
    (.publishStalled, { $0.health.perception.lastPublished = MonotonicTime(seconds: 50) }),
    (.publishRefused, { $0.recently.refusedMessages = 1 }),
    (.publishPictures, { $0.recently.failedPictures = 1 }),
    (.clockStepped, { $0.sinceClockStepSeconds = 3 }),
    (.clockUnset, { $0.wallTime = WallTime(nanoseconds: 1_000_000_000) }),
    (.diskLow, { $0.machine.freeBytes = 50_000_000 }),
    (.diskFull, { $0.machine.freeBytes = 1_000_000 }),
    (.diskUnwritable, { $0.machine.diskProblem = "its file system is read-only" }),
    (.diskUnwritable, { $0.eventLogProblem = "events.jsonl: No space left on device" }),
    (.temperatureUnknown, { $0.machine.temperature = nil }),
    (.temperatureHigh, { $0.machine.temperature?.celsius = 90 }),
    (.temperatureCritical, { $0.machine.temperature?.celsius = 98 }),
  ]

  @Test(arguments: faults) func `every fault is told by its code`(_ code: DiagnosticCode, _ spoil: Change) {
    var now = Self.healthy()
    spoil(&now)
    #expect(Self.codes(now)[code.explanation.component] == code)
  }

  @Test func `a daemon that has just started does not complain of what has not begun`() {
    var now = Self.healthy(at: 1)
    now.odometry.ageSeconds = nil
    now.health.rateHz = 1
    let codes = Self.codes(now)
    #expect(codes[.odometry] == .odometryIdle)
    #expect(codes[.model] == .modelOK)
  }

  @Test func `a camera that glitches every second is not well in between`() {
    var assessor = ComponentAssessor()
    for second in 60..<80 {
      var now = Self.healthy(at: Double(second))
      if second.isMultiple(of: 2) {
        now.health.capture = .unavailable(
          .camera(.lost(path: "/dev/video0", SystemErrno(code: 19, text: "gone"))))
      }
      let camera = assessor.assess(now)[0]
      #expect(camera.code == .cameraLost)
    }
    let after = [80.0, 84].map { assessor.assess(Self.healthy(at: $0))[0].code }
    #expect(after == [.cameraLost, .cameraOK])
  }

  @Test func `a rate that trembles around the limit does not flap`() {
    var assessor = ComponentAssessor()
    var changes = 0
    var last: DiagnosticCode?
    for second in 60..<120 {
      var now = Self.healthy(at: Double(second))
      now.health.rateHz = second.isMultiple(of: 2) ? 4.9 : 5.1
      let code = assessor.assess(now).first { $0.component == .model }?.code
      if last != nil, code != last { changes += 1 }
      last = code
    }
    #expect(changes == 0)
  }

  @Test func `a camera that slows down is not held against the model`() {
    var now = Self.healthy()
    (now.health.arrivalRateHz, now.health.rateHz) = (4, 4)
    let codes = Self.codes(now)
    #expect(codes[.camera] == .cameraSlow && codes[.model] == .modelOK)
  }

  @Test func `the process has a finding only when it runs something else than its file`() {
    var now = Self.healthy()
    #expect(Self.codes(now)[.daemon] == nil)
    now.health.fallback = "the file is broken"
    #expect(Self.codes(now)[.daemon] == .configurationFallback)
  }

  @Test func `a slow camera's rate is measured over several frames`() {
    var window = RateWindow()
    var rates: [Double?] = []
    // A frame every four seconds, looked at once a second.
    for second in 0..<40 {
      let span = RateWindow.span(nominalRateHz: 0.25)
      rates.append(window.update(UInt64(second / 4), at: MonotonicTime(seconds: Double(second)), span: span))
    }
    #expect(rates[..<5].allSatisfy { $0 == nil })
    #expect(rates[16...].allSatisfy { abs(($0 ?? 0) - 0.25) < 0.07 })
  }

  @Test func `a counter's growth is that of its last readings`() {
    var window = CounterWindow(length: 3)
    let growth = [5, 6, 8, 8, 8, 8].map { window.update($0) }
    #expect(growth == [0, 1, 3, 3, 2, 0])
  }

  @Test func `a counter that begins anew is no alarm`() {
    var window = CounterWindow(length: 3)
    let growth = [5, 7, 0, 1, 1, 4].map { window.update($0) }
    #expect(growth == [0, 2, 0, 1, 1, 4])
  }
}
