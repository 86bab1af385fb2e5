/// Everything that can be found or happen, each with one stable word: in `health/`, in events, in `depthctl doctor`.
///
/// The raw value is the word. What each means stands in `DiagnosticCode.catalogue`; `depthctl why CODE` and
/// docs/codes.md print it.
public enum DiagnosticCode: String, CaseIterable, Sendable {
  // Camera.
  case cameraOK = "camera_ok"
  case cameraStarting = "camera_starting"
  case cameraStreaming = "camera_streaming"
  case cameraAbsent = "camera_absent"
  case cameraAmbiguous = "camera_ambiguous"
  case cameraDifferent = "camera_different"
  case cameraBusy = "camera_busy"
  case cameraForbidden = "camera_forbidden"
  case cameraUnsuitable = "camera_unsuitable"
  case cameraNoBandwidth = "camera_no_bandwidth"
  case cameraWrongFormat = "camera_wrong_format"
  case cameraControl = "camera_control"
  case cameraLost = "camera_lost"
  case cameraStalled = "camera_stalled"
  case cameraTransfer = "camera_transfer"
  case cameraFailed = "camera_failed"
  case cameraLosesFrames = "camera_loses_frames"
  case cameraSlow = "camera_slow"
  case cameraReconnected = "camera_reconnected"
  case cameraSlowLink = "camera_slow_link"
  case cameraDriverMissing = "camera_driver_missing"
  case recordingEnded = "recording_ended"
  case sourceUnusable = "source_unusable"

  // Calibration.
  case calibrationOK = "calibration_ok"
  case calibrationNone = "calibration_none"
  case calibrationMissing = "calibration_missing"
  case calibrationUnreadable = "calibration_unreadable"
  case calibrationUnparsable = "calibration_unparsable"
  case calibrationInvalid = "calibration_invalid"
  case calibrationWrongSize = "calibration_wrong_size"
  case calibrationImplausible = "calibration_implausible"

  // Decoding.
  case decodeOK = "decode_ok"
  case decodeIdle = "decode_idle"
  case decodeBrokenFrames = "decode_broken_frames"

  // Model and prior bank.
  case modelOK = "model_ok"
  case modelIdle = "model_idle"
  case modelFailed = "model_failed"
  case modelUnusable = "model_unusable"
  case modelSlow = "model_slow"
  case modelHoles = "model_holes"
  case bankOff = "bank_off"
  case bankOK = "bank_ok"
  case bankFailed = "bank_failed"
  case bankOutOfDomain = "bank_out_of_domain"

  // Odometry and scale.
  case odometryOK = "odometry_ok"
  case odometryOff = "odometry_off"
  case odometryIdle = "odometry_idle"
  case odometryMissing = "odometry_missing"
  case odometryStale = "odometry_stale"
  case odometryUnreadable = "odometry_unreadable"
  case odometryImplausible = "odometry_implausible"
  case odometryCounter = "odometry_counter"
  case odometryOffset = "odometry_offset"
  case odometryCANAbsent = "odometry_can_absent"
  case odometryCANDown = "odometry_can_down"
  case odometryCANBusOff = "odometry_can_bus_off"
  case odometryCANErrors = "odometry_can_errors"
  case odometryCANRefused = "odometry_can_refused"
  case odometryCANSilent = "odometry_can_silent"
  case scaleOK = "scale_ok"
  case scaleIdle = "scale_idle"
  case scaleUnknown = "scale_unknown"
  case scaleConverging = "scale_converging"
  case scaleHeld = "scale_held"
  case scaleConflict = "scale_conflict"
  case scaleRestored = "scale_restored"
  case scaleRefused = "scale_refused"
  case cameraMoved = "remount"

  // Range points.
  case sparseOK = "sparse_ok"
  case sparseOff = "sparse_off"
  case sparseIdle = "sparse_idle"
  case sparseMissing = "sparse_missing"
  case sparseStale = "sparse_stale"
  case sparseLate = "sparse_late"
  case sparseFew = "sparse_few"
  case sparseUnreadable = "sparse_unreadable"
  case sparseBroken = "sparse_broken"
  case sparseUnknownFrame = "sparse_unknown_frame"
  case sparseNoExtrinsics = "sparse_no_extrinsics"
  case sparseClock = "sparse_clock"
  case sparseNoMotion = "sparse_no_motion"

  // Publishing.
  case publishOK = "publish_ok"
  case publishIdle = "publish_idle"
  case publishStalled = "publish_stalled"
  case publishRefused = "publish_refused"
  case publishPictures = "publish_pictures"

  // The machine.
  case clockOK = "clock_ok"
  case clockStepped = "clock_stepped"
  case clockUnset = "clock_unset"
  case diskOK = "disk_ok"
  case diskLow = "disk_low"
  case diskFull = "disk_full"
  case diskUnwritable = "disk_unwritable"
  case temperatureOK = "temperature_ok"
  case temperatureUnknown = "temperature_unknown"
  case temperatureHigh = "temperature_high"
  case temperatureCritical = "temperature_critical"

  // The process.
  case daemonStarted = "started"
  case daemonStopping = "stopping"
  case daemonAbsent = "daemon_absent"
  case daemonSilent = "daemon_silent"
  case eventsSetAside = "events_set_aside"
  case configurationRefused = "configuration_refused"
  case configurationFallback = "config_fallback"
  case reloadApplied = "reload_applied"
  case reloadUnchanged = "reload_unchanged"
  case reloadApplicable = "reload_applicable"
  case reloadRestartNeeded = "reload_restart_needed"
  case reloadRefused = "reload_refused"
  case healthOK = "health_ok"
  case healthDegraded = "health_degraded"
  case healthDown = "health_down"
}

/// What a code means to the person who meets it.
public struct Explanation: Sendable {
  public let component: HealthComponent
  public let level: HealthLevel
  /// What is so, and why that comes about.
  public let cause: String
  /// What to do; empty when nothing is to be done.
  public let remedy: String

  init(_ component: HealthComponent, _ level: HealthLevel, _ cause: String, do remedy: String = "") {
    self.component = component
    self.level = level
    self.cause = cause
    self.remedy = remedy
  }
}

extension DiagnosticCode {
  /// The catalogue's entry.
  public var explanation: Explanation {
    guard let entry = Self.catalogue[self] else {
      preconditionFailure("\(rawValue) has no entry in DiagnosticCode.catalogue")
    }
    return entry
  }

  /// What every code means.
  static let catalogue: [DiagnosticCode: Explanation] = [
    camera, source, calibration, network, odometryAndScale, odometryFaults, ranges, publishing, machine,
    process,
  ].reduce(into: [:]) { all, group in
    all.merge(group) { _, _ in preconditionFailure("a code is explained twice") }
  }

  /// The code a person meant: upper case and hyphens are forgiven.
  public init?(typed text: String) {
    self.init(rawValue: text.lowercased().replacing("-", with: "_"))
  }
}
