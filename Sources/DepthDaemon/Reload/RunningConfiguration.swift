import Configuration
import DepthPipeline
import ModelBundle

/// Everything that the running daemon was made from.
struct RunningConfiguration: Sendable {
  var loaded: LoadedConfiguration
  var settings: DaemonSettings
  var model: DepthModel
  /// Why something else runs than the configuration file says; nil when it runs.
  var fallback: String?

  var generation: UInt64 { settings.pipeline.generation }
}

extension LoadedConfiguration {
  /// What differs from another configuration, key by key: values, and the content of the files they name.
  func difference(from old: LoadedConfiguration) -> [ConfigurationChange] {
    var changes = configuration.difference(from: old.configuration)
    // Of another file or source it is to be expected.
    let isExplained = changes.contains {
      $0.key == "camera.calibration" || ReloadPlan.parts(of: $0.key).contains(.source)
    }
    if calibrationID != old.calibrationID, !isExplained {
      changes.append(
        ConfigurationChange(
          key: "camera.calibration", old: old.calibrationID.map { "calib_id \($0)" },
          new: calibrationID.map { "calib_id \($0)" }, reload: .rebuild))
    }
    return changes
  }
}
