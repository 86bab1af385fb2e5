import CANBus
import Calibration
import Capture
import Configuration
import Geometry
import Glibc
public import Health
import ModelBundle
import Platform
import PriorFusion
import Quantities
public import WireFormat

/// Examines everything depth needs, with the daemon's help or without.
///
/// What a running daemon knows is taken from it, since it holds the camera; the rest is looked at here.
public struct Doctor: Sendable {
  /// What became of asking the daemon.
  public enum Daemon: Sendable {
    /// There is no socket.
    case absent
    /// There is a socket, and nobody answers.
    case silent
    case answers(HealthMessage, processID: Int?)
  }

  private let configurationPath: String
  private let environment: [String: String]
  private let daemon: Daemon

  public init(configurationPath: String, environment: [String: String], daemon: Daemon) {
    self.configurationPath = configurationPath
    self.environment = environment
    self.daemon = daemon
  }

  /// One finding for everything that was looked at, what is well included; each code once.
  public func examine() -> [Finding] {
    var findings = daemonFindings()
    do {
      let configuration = try LoadedConfiguration.readConfiguration(configurationPath)
      let camera = cameraFindings(configuration)
      // In its sandbox the daemon does not see who has its camera; this person may.
      if camera.contains(where: { $0.code == .cameraBusy }) { findings.removeAll { $0.code == .cameraBusy } }
      findings += camera + calibrationFindings() + modelFindings(configuration)
      if !isRunning { findings += offlineFindings(configuration) }
    } catch {
      findings.append(Finding(.configurationRefused, error.description))
    }
    var seen: Set<DiagnosticCode> = []
    return findings.filter { seen.insert($0.code).inserted }
  }

  private var isRunning: Bool { if case .answers = daemon { true } else { false } }

  private var daemonHasCamera: Bool {
    guard case .answers(let health, _) = daemon else { return false }
    return health.components.contains {
      $0.name == HealthComponent.camera.rawValue && $0.level != HealthLevel.error.rawValue
    }
  }

  private func daemonFindings() -> [Finding] {
    switch daemon {
    case .absent: [Finding(.daemonAbsent)]
    case .silent:
      [Finding(.daemonSilent, "the daemon's socket is there and nobody answers: it hangs, or was killed")]
    case .answers(let health, _):
      health.components.compactMap { component in
        DiagnosticCode(rawValue: component.code).map { Finding($0, component.text) }
      }
    }
  }

  /// The daemon's own word about its camera counts; what it cannot know is added: who else holds it.
  private func cameraFindings(_ configuration: Configuration) -> [Finding] {
    let examination = CameraExamination(configuration.camera)
    guard examination.isLive else {
      return !isRunning ? [Finding(.cameraOK, configuration.camera.source.configurationText)] : []
    }
    var own = [Int(getpid())]
    if case .answers(_, let id?) = daemon { own.append(id) }
    let attached = CameraInventory.list().map { entry in
      let holders = DeviceHolders(of: entry.node.path)
      return CameraExamination.Attached(
        node: entry.node, result: entry.result,
        holders: holders.processes.filter { !own.contains($0.id) },
        hiddenCount: holders.hiddenCount)
    }
    let found = examination.findings(
      attached, isDriverLoaded: access("/sys/module/uvcvideo", F_OK) == 0)
    // What this person may not open, or another has open, is no fault while the daemon has frames.
    if isRunning, daemonHasCamera { return found.filter { $0.code == .cameraSlowLink } }
    if found.isEmpty, !isRunning { return [Finding(.cameraOK, "the camera is there and nobody uses it")] }
    return found
  }

  private func calibrationFindings() -> [Finding] {
    guard let place = try? CalibrationPlace(configuration: configurationPath, environment: environment) else {
      return []
    }
    if let problem = place.problem { return [Finding(problem)] }
    guard let calibration = place.inUse else { return isRunning ? [] : [Finding(.calibrationNone)] }
    do { _ = try calibration.scaled(to: place.expectedSize) } catch {
      return [Finding(.calibrationWrongSize, error.description)]
    }
    let doubts = CalibrationFile.doubts(about: calibration).map(\.description)
    if !doubts.isEmpty { return [Finding(.calibrationImplausible, doubts.joined(separator: "; "))] }
    return isRunning ? [] : [Finding(.calibrationOK, "\(calibration.size), calib_id \(calibration.id)")]
  }

  private func modelFindings(_ configuration: Configuration) -> [Finding] {
    guard !isRunning else { return [] }
    do {
      let model = try DepthModel.load(
        path: Configuration.resolve(configuration.model.path, besides: configurationPath), priors: .off)
      return [Finding(.modelOK, "\(model.name), sha256 \(model.hash.prefix(16))")]
        + bankFindings(configuration, model)
    } catch { return [Finding(.modelUnusable, error.description)] }
  }

  private func bankFindings(_ configuration: Configuration, _ model: DepthModel) -> [Finding] {
    do {
      let bank = try model.loadPriors(configuration.priorChoice(besides: configurationPath))
      return bank.map { [Finding(.bankOK, $0.summary)] } ?? []
    } catch { return [Finding(.bankFailed, error.description)] }
  }

  /// What a daemon would say if it ran.
  private func offlineFindings(_ configuration: Configuration) -> [Finding] {
    var observation = ComponentObservation(
      health: HealthReport.Observation(time: MonotonicTime.now()))
    observation.wallTime = WallTime.now()
    let place = try? CalibrationPlace(configuration: configurationPath, environment: environment)
    if let folder = place?.stateDirectory, access(folder, F_OK) == 0 {
      observation.machine = MachineProbe(stateDirectory: folder).read()
    }
    var assessor = ComponentAssessor()
    var findings = assessor.assess(observation).filter {
      [.clock, .disk, .temperature].contains($0.component)
    }
    switch configuration.odometry.source {
    case .none: findings.append(Finding(.odometryOff))
    case .can(let interface): findings += CANLink.fault(of: interface).map { [Finding($0)] } ?? []
    case .camera, .zmq: break
    }
    if configuration.scale.constant == nil { findings.append(Finding(.scaleUnknown)) }
    return findings
  }
}

extension Finding {
  /// The three faults of a calibration file read differently, and so they are coded.
  init(_ error: CalibrationError) {
    let code: DiagnosticCode =
      switch error {
      case .missing: .calibrationMissing
      case .unreadable: .calibrationUnreadable
      case .unparsable: .calibrationUnparsable
      case .invalid: .calibrationInvalid
      }
    self.init(code, error.description)
  }
}
