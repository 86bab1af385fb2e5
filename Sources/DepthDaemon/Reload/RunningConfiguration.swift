package import Configuration
import DepthPipeline
import Geometry
package import ModelBundle

/// Everything that the running daemon was made from.
package struct RunningConfiguration: Sendable {
  var loaded: LoadedConfiguration
  var settings: DaemonSettings
  /// With its prior bank.
  package var model: DepthModel
  /// Why the model runs without the prior bank that it is to have; nil when it has it, or is to have none.
  package var priorsFailure: String?
  /// Why something else runs than the configuration file says; nil when it runs.
  package var fallback: String?

  var generation: UInt64 { settings.pipeline.generation }

  /// Gives the model its prior bank; without it depth is worse and still flows, so one that cannot be used is left out
  /// and said in every header.
  mutating func takePriors() {
    do {
      model.priors = try model.loadPriors(settings.priors)
      priorsFailure = nil
    } catch {
      model.priors = nil
      priorsFailure = error.description
    }
    settings.pipeline.lacksPriors = priorsFailure != nil
  }
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
