public import Calibration
public import Configuration
import Drive
public import Geometry
public import Quantities
import Simulation

/// A configuration file and the calibration it leads to, read and checked against each other.
///
/// The model is checked by whoever loads it (`ConfigurationCheck`, or the daemon's start).
public struct LoadedConfiguration: Sendable {
  /// The configuration file, as given.
  public let path: String
  public let configuration: Configuration
  /// The file's own content; `configuration` is made from it and `overrides`.
  let text: String
  /// What commands put in the place of the file's values.
  let overrides: ConfigurationOverrides
  /// What the file itself says.
  let fileConfiguration: Configuration
  /// The process environment that `auto` folders are resolved with.
  public let environment: [String: String]
  /// Of the frames' own resolution or another of the same shape; nil = uncalibrated.
  public let calibration: CameraCalibration?
  /// Where the calibration comes from, for people; nil = uncalibrated.
  public let calibrationOrigin: String?
  /// Frame size known before the source is opened; a live camera may deliver another.
  public let expectedFrameSize: ImageSize
  /// What a person should look at; nothing here keeps the daemon from running.
  public let warnings: [String]

  /// Hash of the calibration's numbers; nil = uncalibrated.
  public var calibrationID: String? { calibration?.id }

  /// The model's folder or file, as the process sees it.
  public var modelPath: String { Configuration.resolve(configuration.model.path, besides: path) }

  /// - Throws: every problem of the file, its calibration and its source.
  public init(path: String, environment: [String: String]) throws(ConfigurationFailure) {
    try self.init(
      text: try Self.readText(path), path: path, environment: environment, overrides: ConfigurationOverrides()
    )
  }

  /// The same from a text that takes the file's place.
  init(
    text: String, path: String, environment: [String: String], overrides: ConfigurationOverrides
  ) throws(ConfigurationFailure) {
    let fileConfiguration = try Self.parse(text, path)
    var configuration = fileConfiguration
    var overrides = overrides
    var problems: [String] = []
    var warnings: [String] = []
    for key in overrides.put(into: &configuration) {
      warnings.append(
        "\(key): what a command had put in its place no longer holds: the file says something new")
      overrides.remove([key])
    }
    let source = KnownSource(configuration, path: path, problems: &problems)
    let named = Self.readCalibration(configuration, path: path, problems: &problems, warnings: &warnings)
    let frameSize = source.frameSize ?? configuration.camera.size
    if let named {
      do { _ = try named.calibration.scaled(to: frameSize) } catch { problems.append(error.description) }
      if let own = source.calibration, own.id != named.calibration.id, own.size == named.calibration.size {
        warnings.append(
          "camera.calibration \(configuration.camera.calibration) differs from what the source says itself"
        )
      }
    }
    guard problems.isEmpty else { throw ConfigurationFailure(problems: problems) }
    self.path = path
    self.configuration = configuration
    self.text = text
    self.overrides = overrides
    self.fileConfiguration = fileConfiguration
    self.environment = environment
    self.calibration = named?.calibration ?? source.calibration
    self.calibrationOrigin = named.map { _ in configuration.camera.calibration } ?? source.calibrationOrigin
    self.expectedFrameSize = frameSize
    self.warnings = warnings
  }

  /// The content of a configuration file.
  static func readText(_ path: String) throws(ConfigurationFailure) -> String {
    do { return try TextFile.read(path) } catch {
      switch error {
      case .missing: throw ConfigurationFailure(.missing(file: path))
      case .unreadable(let reason): throw ConfigurationFailure(.unreadable(file: path, reason: reason))
      }
    }
  }

  /// A configuration file alone, without what it names.
  static func readConfiguration(_ path: String) throws(ConfigurationFailure) -> Configuration {
    try parse(try readText(path), path)
  }

  static func parse(_ text: String, _ path: String) throws(ConfigurationFailure) -> Configuration {
    do { return try Configuration(toml: text, file: path) } catch { throw ConfigurationFailure(error) }
  }

  /// The calibration file that the configuration names; nil if it names none or it cannot be used.
  private static func readCalibration(
    _ configuration: Configuration, path: String, problems: inout [String], warnings: inout [String]
  ) -> CalibrationFile? {
    let named = configuration.camera.calibration
    guard !named.isEmpty else { return nil }
    let parts = named.split(separator: "#", maxSplits: 1).map(String.init)
    let file = Configuration.resolve(parts[0], besides: path)
    do {
      let calibration = try CalibrationFile.read(file, camera: parts.count > 1 ? parts[1] : nil)
      warnings += calibration.warnings.map { "\(file): \($0)" }
      return calibration
    } catch {
      problems.append(error.description)
      return nil
    }
  }
}

extension CalibrationFile {
  /// Reads a calibration from disk.
  public static func read(_ path: String, camera: String? = nil) throws(CalibrationError) -> CalibrationFile {
    let text: String
    do { text = try TextFile.read(path) } catch {
      switch error {
      case .missing: throw .missing(file: path)
      case .unreadable(let reason): throw .unreadable(file: path, reason: reason)
      }
    }
    return try parse(text, file: path, camera: camera)
  }
}

/// Why a configuration cannot be run: every problem, each with its own words.
public struct ConfigurationFailure: ReportableError, Equatable {
  public let problems: [String]

  init(problems: [String]) {
    self.problems = problems
  }

  init(_ error: ConfigurationError) {
    problems = error.description.split(separator: "\n").map(String.init)
  }

  public var severity: ErrorSeverity { .stop }

  public var description: String { problems.joined(separator: "\n") }
}
