import Capture
import DepthPipeline
import Foundation
import Glibc
import Health
import Platform
import Quantities
import WireFormat

/// Turns changes of state into events, once each, and keeps them on disk.
struct EventRecorder {
  private let camera: String
  private(set) var log: EventLog
  private var lastCapture = CaptureStatus.State.starting
  private var lastFailure: PipelineError?
  private var lastFindings: [HealthComponent: DiagnosticCode] = [:]
  private var verdict = FindingHold(releaseNanoseconds: ComponentAssessor.releaseNanoseconds)
  private var lastVerdict: DiagnosticCode?

  /// - Throws: `.unwritableFolder` when the state folder cannot be made or written.
  init(stateDirectory: String, camera: String) throws(DaemonError) {
    try Self.prepare(stateDirectory)
    self.camera = camera
    log = EventLog(stateDirectory: stateDirectory)
  }

  /// An event; its level is the code's.
  func make(_ code: DiagnosticCode, _ text: String) -> EventMessage {
    let level: EventMessage.Level =
      switch code.explanation.level {
      case .ok, .off: .info
      case .warning, .stale: .warning
      case .error: .error
      }
    return EventMessage(
      stamp: WallTime.now(), time: MonotonicTime.now(), level: level, code: code.rawValue, camera: camera,
      text: text)
  }

  private func make(_ finding: Finding) -> EventMessage { make(finding.code, finding.text) }

  mutating func keep(_ event: EventMessage) {
    log.append(event)
  }

  /// Events for what changed since the last call; called often, so that a glitch of the camera is not missed.
  mutating func changes(capture: CaptureStatus.State, failure: PipelineError?) -> [EventMessage] {
    var events: [EventMessage] = []
    if capture != lastCapture {
      lastCapture = capture
      events.append(
        make(Finding(capture: capture) ?? Finding(.cameraStreaming, "the camera delivers frames")))
    }
    if failure != lastFailure {
      lastFailure = failure
      events.append(make(Self.describe(failure)))
    }
    return events
  }

  /// Events for components whose finding became another one, except what `changes` has told already.
  mutating func changes(components: [Finding]) -> [EventMessage] {
    components.compactMap { finding in
      let last = lastFindings.updateValue(finding.code, forKey: finding.component)
      let isNews =
        switch (last, finding.level) {
        case (nil, .ok), (nil, .off): false
        case (nil, _): true
        default: last != finding.code
        }
      return isNews && finding.isToldAsComponent ? make(finding) : nil
    }
  }

  /// How long a start may take before not yet being well is worth an event, seconds.
  private static let startSeconds = 5.0

  /// An event when the verdict of health changed, and the change lasts if it is for the better.
  mutating func change(health: HealthMessage) -> EventMessage? {
    let isStarting = lastVerdict == nil && (health.uptimeSeconds ?? .infinity) < Self.startSeconds
    if isStarting, health.verdict != .ok { return nil }
    let code: DiagnosticCode =
      switch health.verdict {
      case .ok: .healthOK
      case .degraded: .healthDegraded
      case .down: .healthDown
      }
    let shown = verdict.update(Finding(code, health.reason ?? "depth flows"), at: health.time)
    guard shown.code != lastVerdict else { return nil }
    lastVerdict = shown.code
    return make(shown)
  }

  private static func describe(_ failure: PipelineError?) -> Finding {
    switch failure {
    case nil: Finding(.modelOK, "frames are processed again")
    case .some(.calibration(let reason)): Finding(.calibrationWrongSize, reason)
    case .some(let failure): Finding(.modelFailed, failure.description)
    }
  }

  /// Makes the folder, and those it lies in, unless it is there.
  private static func prepare(_ path: String) throws(DaemonError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
    } catch {
      throw .unwritableFolder(key: "state.directory", path: path, reason: error.localizedDescription)
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw .unwritableFolder(key: "state.directory", path: path, reason: SystemErrno.current.text)
    }
  }
}

extension Finding {
  /// Whether it is worth an event of its own: the states of camera and pipeline have theirs, several times a second.
  fileprivate var isToldAsComponent: Bool {
    switch code {
    case .cameraLosesFrames, .cameraSlow, .cameraReconnected: true
    // Nothing to do and nothing to know: idle components follow from the camera.
    case .decodeIdle, .modelIdle, .odometryIdle, .scaleIdle, .publishIdle, .decodeOK, .publishOK: false
    case .modelFailed, .calibrationWrongSize, .configurationFallback: false
    default: component != .camera
    }
  }
}
