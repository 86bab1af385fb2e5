// `depthctl calib`: look at a calibration, put it in place, go back, say how the camera is mounted.
import ArgumentParser
import Calibration
import Configuration
import DepthClient
import DepthDaemon
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

struct CalibCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calib",
    abstract: "Check, apply, roll back and import calibrations; say how the camera is mounted.",
    subcommands: [
      CalibCheckCommand.self, CalibApplyCommand.self, CalibRollbackCommand.self, CalibImportCommand.self,
      CalibMountCommand.self,
    ])
}

/// Which daemon, and which configuration.
struct CalibOptions: ParsableArguments {
  @OptionGroup var client: ClientOptions
  @Option(
    help:
      "The configuration file [default: the running daemon's, else /etc/depthd/config.toml, else config.toml]."
  )
  var config: String?

  /// The configuration's calibration, found with the daemon's help or without.
  func place() throws -> CalibrationPlace {
    try CalibrationPlace(
      configuration: configurationPath, environment: ProcessInfo.processInfo.environment)
  }

  /// The file in question; a relative path as it was given.
  var configurationPath: String {
    if let config { return config }
    if let running = DaemonFacts(client.directory)?.configuration { return running }
    let installed = "/etc/depthd/config.toml"
    return FileManager.default.fileExists(atPath: installed) ? installed : "config.toml"
  }

  /// Frames of the live stream, else those to be expected.
  func frameSize(_ place: CalibrationPlace) -> (size: ImageSize, isLive: Bool) {
    DaemonFacts(client.directory)?.frameSize.map { ($0, true) } ?? (place.expectedSize, false)
  }
}

extension CalibrationPlace {
  /// The file that may be replaced.
  /// - Throws: when the configuration names none, or one camera of a chain of several.
  func fileToReplace() throws -> String {
    guard let path else { throw CalibCommandError.noFileNamed(configuration: configurationPath) }
    guard chainCamera == nil else { throw CalibCommandError.chain(file: path, camera: chainCamera ?? "") }
    return path
  }
}

/// Why a calibration command cannot do its work.
enum CalibCommandError: ReportableError {
  case noFileNamed(configuration: String)
  case chain(file: String, camera: String)
  case doubtful
  case noGround(looked: Int)
  case uncertainMount(String)
  case notMetric

  var severity: ErrorSeverity { .stop }

  var description: String {
    switch self {
    case .noFileNamed(let configuration):
      """
      \(configuration) names no calibration file. Write a path there, for example calibration = "calib/front.yaml" \
      under [camera]; the file need not exist yet.
      """
    case .chain(let file, let camera):
      """
      the configuration takes \(camera) from the Kalibr chain \(file), which may hold other cameras. Run \
      "depthctl calib import \(file)#\(camera) --out NAME.yaml" and name that file instead.
      """
    case .doubtful:
      "nothing was changed, because of the warnings above. Repeat with --anyway if they are wrong."
    case .noGround(let looked):
      """
      no flat ground was seen in the lower middle of \(looked) frames. Stand before open floor without objects, or \
      give --height and --pitch.
      """
    case .uncertainMount(let doubt):
      """
      nothing was written: \(doubt). Stand still before open, flat floor; or measure with a tape and a level, and give \
      --height and --pitch; or repeat with --anyway.
      """
    case .notMetric:
      "depth is not in metres (see depthctl why scale_unknown), so the height cannot be measured. Give --height."
    }
  }
}
