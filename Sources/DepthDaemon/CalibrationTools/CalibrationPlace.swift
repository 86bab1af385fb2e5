public import Calibration
import Configuration
public import Geometry
public import Quantities

/// Where a configuration's calibration lives, also when the file there is missing or broken: commands that repair it
/// need this most then.
public struct CalibrationPlace: Sendable {
  /// The configuration file, as given.
  public let configurationPath: String
  /// The calibration file; nil when the configuration names none.
  public let path: String?
  /// The camera of a Kalibr chain that the configuration picks; nil when it picks none.
  public let chainCamera: String?
  /// What the daemon would use now; nil when there is none, or when it cannot be used.
  public let inUse: CameraCalibration?
  /// Why the file cannot be used; nil when it can, or when none is named.
  public let problem: CalibrationError?
  /// Frames to be expected of the source.
  public let expectedSize: ImageSize
  /// Where the daemon keeps what it learns; nil when that cannot be told.
  public let stateDirectory: String?

  /// - Throws: when the configuration itself cannot be read.
  public init(configuration path: String, environment: [String: String]) throws(ConfigurationFailure) {
    let configuration = try LoadedConfiguration.readConfiguration(path)
    var ignored: [String] = []
    let source = KnownSource(configuration, path: path, problems: &ignored)
    configurationPath = path
    expectedSize = source.frameSize ?? configuration.camera.size
    stateDirectory = configuration.state.directory.stateDirectory(environment: environment)
      .map { Configuration.resolve($0, besides: path) }
    let parts = configuration.camera.calibration.split(separator: "#", maxSplits: 1).map(String.init)
    guard let file = parts.first else {
      (self.path, chainCamera, problem, inUse) = (nil, nil, nil, source.calibration)
      return
    }
    let resolved = Configuration.resolve(file, besides: path)
    self.path = resolved
    chainCamera = parts.count > 1 ? parts[1] : nil
    let read = Result { () throws(CalibrationError) in
      try CalibrationFile.read(resolved, camera: parts.count > 1 ? parts[1] : nil)
    }
    switch read {
    case .success(let file): (inUse, problem) = (file.calibration, nil)
    case .failure(let error): (inUse, problem) = (nil, error)
    }
  }
}
