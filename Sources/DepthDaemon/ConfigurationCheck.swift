import Configuration
import Calibration
import Geometry
import ModelBundle
import Preprocessing
import PriorFusion
import Quantities

/// The verdict on a configuration file and everything it names: what `depthd --check` and `depthctl check`
/// print.
public struct ConfigurationCheck: Sendable {
  /// Every problem found, each a text of its own; empty = the daemon can run.
  public let problems: [String]
  /// What a person should look at.
  public let warnings: [String]
  /// What was found to be right, one fact a line.
  public let findings: [String]

  public var isPassed: Bool { problems.isEmpty }

  /// All of it, for people.
  public var text: String {
    var lines = findings + warnings.map { "warning: \($0)" } + problems
    let count = problems.count
    lines.append(isPassed ? "ok" : "\(count) problem\(count == 1 ? "" : "s")")
    return lines.joined(separator: "\n")
  }

  /// Reads the configuration, its calibration and its model, and plans the network for its input size.
  public static func run(path: String, environment: [String: String]) -> ConfigurationCheck {
    let loaded: LoadedConfiguration
    do { loaded = try LoadedConfiguration(path: path, environment: environment) } catch {
      return ConfigurationCheck(problems: error.problems, warnings: [], findings: [])
    }
    var findings = [Self.describeCamera(loaded), Self.describeCalibration(loaded)]
    var warnings = loaded.warnings
    Self.describeRanges(loaded, findings: &findings, warnings: &warnings)
    do {
      let model = try DepthModel.load(path: loaded.modelPath, priors: loaded.priorChoice)
      let size = loaded.inputSize(of: model)
      _ = try model.network(for: size, executor: SerialExecutor(), priors: model.priors)
      findings.append("model: \(model.name), \(loaded.modelPath), sha256 \(model.hash.prefix(16))")
      findings.append("prior bank: " + (model.priors?.summary ?? "none"))
      Self.describeGrid(loaded, size: size, findings: &findings, warnings: &warnings)
    } catch {
      return ConfigurationCheck(problems: [error.description], warnings: warnings, findings: findings)
    }
    return ConfigurationCheck(problems: [], warnings: warnings, findings: findings)
  }

  private static func describeCamera(_ loaded: LoadedConfiguration) -> String {
    let camera = loaded.configuration.camera
    return "camera: \(camera.name), \(camera.source.configurationText), \(loaded.expectedFrameSize)"
  }

  private static func describeCalibration(_ loaded: LoadedConfiguration) -> String {
    guard let calibration = loaded.calibration, let origin = loaded.calibrationOrigin else {
      return "calibration: none; depth will be unrectified and without intrinsics"
    }
    let model = CameraInfo(calibration).distortionModel.rawValue
    return "calibration: \(origin), \(calibration.size), \(model), calib_id \(calibration.id)"
  }

  /// Where range points come from, if from a publisher, and of which sensors.
  private static func describeRanges(
    _ loaded: LoadedConfiguration, findings: inout [String], warnings: inout [String]
  ) {
    guard case .zmq(let endpoint) = loaded.configuration.sparse.source else { return }
    let own = loaded.configuration.camera.frameID
    let sensors = loaded.calibration?.sensors.map(\.frame) ?? []
    findings.append(
      "range points: \(endpoint), in the frames \(([own] + sensors).joined(separator: ", "))")
    if loaded.calibration == nil {
      warnings.append("sparse.source: the camera has no calibration, so range points have no place in it")
    } else if sensors.isEmpty {
      warnings.append(
        "sparse.source: the calibration states no sensors; only points in the camera's own frame \(own) can be used"
      )
    }
  }

  /// The grid depth is published on, and how much of it the camera sees.
  private static func describeGrid(
    _ loaded: LoadedConfiguration, size: ImageSize, findings: inout [String], warnings: inout [String]
  ) {
    let settings = loaded.configuration.preprocessing
    guard
      let grid = try? PublishedGrid(
        capturedSize: loaded.expectedFrameSize, calibration: loaded.calibration, size: size,
        fit: ImageFit(rawValue: settings.fit.rawValue) ?? .crop, verticalOffset: settings.verticalOffset)
    else { return }
    var text = "depth grid: \(size)"
    if let k = grid.intrinsics {
      let field = k.fieldOfView
      text +=
        ", fx \(rounded(k.fx)) fy \(rounded(k.fy)) cx \(rounded(k.cx)) cy \(rounded(k.cy)), field of view "
        + "\(rounded(field.horizontal * 180 / .pi)) x \(rounded(field.vertical * 180 / .pi)) degrees"
    }
    findings.append(text)
    let unseen = size.pixelCount - Preprocessor(grid: grid, normalization: .unit).validCount
    if unseen > 0 {
      let share = rounded(100 * Double(unseen) / Double(size.pixelCount))
      warnings.append("\(share) % of the depth grid lies outside the camera's image and stays unknown")
    }
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

extension LoadedConfiguration {
  /// The network's input size: as configured, or the model's own choice for the expected frames.
  func inputSize(of model: DepthModel) -> ImageSize {
    switch configuration.model.inputSize {
    case .size(let size): size
    case .automatic: model.bestInputSize(for: expectedFrameSize)
    }
  }
}
