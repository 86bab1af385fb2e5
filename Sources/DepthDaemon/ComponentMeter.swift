import Calibration
import DepthPipeline
import Geometry
import Health
import ModelBundle
import Odometry
import Platform
import PriorFusion
import Quantities
import WireFormat

/// Gathers what the components' levels rest on, once a second, and has them judged.
struct ComponentMeter {
  /// What runs: replaced by a reload.
  var running: RunningConfiguration
  private var settings: DaemonSettings { running.settings }
  private let probe: MachineProbe
  private var assessor = ComponentAssessor()
  private var clock = ClockWatch()
  private var windows = Windows()
  private var ranges = RangeMeter()
  private var machine = MachineState()
  private var lastProbe: MonotonicTime?
  private var reconnects: (count: UInt64, time: MonotonicTime)?
  private var clockSteps: (count: UInt64, time: MonotonicTime)?

  /// Disk and temperature change slowly, and asking costs system calls.
  private static let probeInterval: Int64 = 5_000_000_000

  /// Growth over the last ten seconds.
  private struct Windows {
    var arrived = CounterWindow(length: 10)
    var lost = CounterWindow(length: 10)
    var broken = CounterWindow(length: 10)
    var refusedMessages = CounterWindow(length: 10)
    var failedPictures = CounterWindow(length: 10)
    var unreadableOdometry = CounterWindow(length: 10)
    var implausibleOdometry = CounterWindow(length: 10)
    var odometryCounterFaults = CounterWindow(length: 10)
  }

  init(running: RunningConfiguration) {
    self.running = running
    probe = MachineProbe(stateDirectory: running.settings.stateDirectory)
  }

  /// One finding for each reported component.
  mutating func measure(
    crew: Crew, health: HealthReport.Observation, uptimeNanoseconds: Int64, eventLogProblem: String?
  ) -> [Finding] {
    var now = ComponentObservation(health: health)
    now.uptimeSeconds = Double(uptimeNanoseconds) * 1e-9
    now.eventLogProblem = eventLogProblem
    now.modelName = running.model.name
    now.bank = running.model.priors?.summary
    now.calibration = settings.calibration.map { "\($0.name), \($0.size), calib_id \($0.id)" }
    now.recently.arrived = windows.arrived.update(crew.capture.frames.value)
    now.recently.lost = windows.lost.update(crew.capture.lost.value)
    now.recently.broken = windows.broken.update(crew.capture.corrupt.value)
    now.recently.refusedMessages = windows.refusedMessages.update(crew.perception.sendFailures.value)
    now.recently.failedPictures = windows.failedPictures.update(
      health.perception.report?.failedPictures ?? 0)
    readOdometry(&now, crew)
    ranges.read(&now, crew, running)
    readClock(&now)
    readMachine(&now)
    readReconnects(&now, count: crew.capture.reconnects.value)
    return assessor.assess(now)
  }

  private mutating func readOdometry(_ now: inout ComponentObservation, _ crew: Crew) {
    let (inbox, status) = (crew.odometry, crew.odometryStatus)
    now.recently.unreadableOdometry = windows.unreadableOdometry.update(status.rejected.value)
    now.recently.implausibleOdometry = windows.implausibleOdometry.update(inbox.counts.implausible)
    now.recently.odometryCounterFaults = windows.odometryCounterFaults.update(status.counterFaults.value)
    now.odometry.isExpected = settings.odometry != .none
    let newest = inbox.newest
    now.odometry.ageSeconds = newest.map { Double(now.health.time - $0.time) * 1e-9 }
    now.odometry.speedMetersPerSecond = newest?.speedMetersPerSecond
    now.odometry.maximumAgeSeconds = Double(settings.odometryMaximumAgeNanoseconds) * 1e-9
    now.odometry.problem = status.problem
    now.odometry.doubt = inbox.doubt?.description
    if case .can = settings.odometry { now.odometry.isBus = true }
    now.odometry.fault = status.bus?.fault
    now.odometry.offsetAdvice = inbox.offsetWatch.report(at: now.health.time)?
      .advice(configuredSeconds: Double(inbox.tuning.timeOffsetNanoseconds) * 1e-9)
  }

  private mutating func readClock(_ now: inout ComponentObservation) {
    clock.look()
    if clock.steps > (clockSteps?.count ?? 0) { clockSteps = (clock.steps, now.health.time) }
    now.clockSteps = clock.steps
    now.sinceClockStepSeconds = clockSteps.map { Double(now.health.time - $0.time) * 1e-9 }
    now.wallTime = WallTime.now()
  }

  private mutating func readMachine(_ now: inout ComponentObservation) {
    if lastProbe.map({ now.health.time - $0 >= Self.probeInterval }) ?? true {
      lastProbe = now.health.time
      machine = probe.read()
    }
    now.machine = machine
  }

  private mutating func readReconnects(_ now: inout ComponentObservation, count: UInt64) {
    if count > (reconnects?.count ?? 0) { reconnects = (count, now.health.time) }
    now.sinceReconnectSeconds = reconnects.map { Double(now.health.time - $0.time) * 1e-9 }
  }
}

extension HealthMessage.Component {
  init(_ finding: Finding) {
    self.init(
      name: finding.component.rawValue, level: finding.level.rawValue, code: finding.code.rawValue,
      text: finding.text, remedy: finding.remedy.isEmpty ? nil : finding.remedy)
  }
}
