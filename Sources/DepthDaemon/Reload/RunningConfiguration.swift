package import Configuration
import DepthPipeline
import Geometry
package import ModelBundle

/// Everything that the running daemon was made from.
package struct RunningConfiguration: Sendable {
  var loaded: LoadedConfiguration
  var settings: DaemonSettings
  package var model: DepthModel
  /// Why something else runs than the configuration file says; nil when it runs.
  package var fallback: String?

  var generation: UInt64 { settings.pipeline.generation }
}

extension CameraCalibration {
  fileprivate var sensorsText: String {
    sensors.isEmpty ? "no sensors" : "sensors \(sensors.map(\.text).joined(separator: "; "))"
  }
}

extension LoadedConfiguration {
  /// What differs from another configuration, key by key: values, and the content of the files they name.
  package func difference(from old: LoadedConfiguration) -> [ConfigurationChange] {
    var changes = configuration.difference(from: old.configuration)
    let source = configuration.camera.source
    // Another file says something else, and so does another source that brings its own calibration.
    let isExplained = changes.contains {
      $0.key == "camera.calibration"
        || configuration.camera.calibration.isEmpty
          && ReloadPlan.parts(of: $0.key, for: source).contains(.source)
    }
    if calibrationID != old.calibrationID, !isExplained {
      changes.append(
        ConfigurationChange(
          key: "camera.calibration", old: old.calibrationID.map { "calib_id \($0)" },
          new: calibrationID.map { "calib_id \($0)" }, reload: .rebuild))
    } else if calibration?.mount != old.calibration?.mount, !isExplained {
      // How the camera is mounted is no part of the calibration's identity.
      changes.append(
        ConfigurationChange(
          key: "camera.calibration", old: old.calibration?.mount?.text, new: calibration?.mount?.text,
          reload: .rebuild))
    } else if calibration?.sensors != old.calibration?.sensors, !isExplained {
      changes.append(
        ConfigurationChange(
          key: "camera.calibration", old: old.calibration?.sensorsText, new: calibration?.sensorsText,
          reload: .rebuild))
    }
    return changes
  }
}
