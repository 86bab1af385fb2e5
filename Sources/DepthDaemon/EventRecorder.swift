import Capture
import DepthPipeline
import Foundation
import Glibc
import Platform
import Quantities
import WireFormat

/// Turns changes of state into events, once each, and keeps them on disk.
struct EventRecorder {
  private let camera: String
  private var log: EventLog
  private var lastCapture = CaptureStatus.State.starting
  private var lastFailure: PipelineError?
  private var lastVerdict: HealthMessage.Verdict?

  /// - Throws: `.unwritableFolder` when the state folder cannot be made or written.
  init(stateDirectory: String, camera: String) throws(DaemonError) {
    try Self.prepare(stateDirectory)
    self.camera = camera
    log = EventLog(stateDirectory: stateDirectory)
  }

  func make(_ level: EventMessage.Level, _ code: String, _ text: String) -> EventMessage {
    EventMessage(
      stamp: WallTime.now(), time: MonotonicTime.now(), level: level, code: code, camera: camera, text: text)
  }

  mutating func keep(_ event: EventMessage) {
    log.append(event)
  }

  /// Events for what changed since the last call.
  mutating func changes(capture: CaptureStatus.State, failure: PipelineError?) -> [EventMessage] {
    var events: [EventMessage] = []
    if capture != lastCapture {
      lastCapture = capture
      events.append(describe(capture))
    }
    if failure != lastFailure {
      lastFailure = failure
      events.append(
        failure.map { make(.error, "pipeline_failed", $0.description) }
          ?? make(.info, "pipeline_ready", "frames are processed again"))
    }
    return events
  }

  /// An event when the verdict of health changed.
  mutating func change(health: HealthMessage) -> EventMessage? {
    guard health.verdict != lastVerdict else { return nil }
    lastVerdict = health.verdict
    let level: EventMessage.Level =
      switch health.verdict {
      case .ok: .info
      case .degraded: .warning
      case .down: .error
      }
    return make(level, "health_\(health.verdict.rawValue)", health.reason ?? "depth flows")
  }

  private func describe(_ state: CaptureStatus.State) -> EventMessage {
    switch state {
    case .starting: make(.info, "camera_starting", "the camera is being opened")
    case .streaming: make(.info, "camera_streaming", "the camera delivers frames")
    case .unavailable(let error): make(.warning, "camera_lost", error.description)
    case .ended: make(.info, "recording_ended", "the recording has ended")
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
