import Calibration
import Configuration
import Drive
import Geometry
import Glibc
import Quantities
import Simulation

/// What can be known of a frame source without opening it.
struct KnownSource {
  /// Nil if only the opened source can tell.
  private(set) var frameSize: ImageSize?
  /// Of recordings and the simulator.
  private(set) var calibration: CameraCalibration?
  private(set) var calibrationOrigin: String?

  init(_ configuration: Configuration, path: String, problems: inout [String]) {
    switch configuration.camera.source {
    case .v4l2First, .v4l2Device, .v4l2Serial, .v4l2USBPort:
      break
    case .simulation(let name):
      guard let world = SimulationWorld(rawValue: name) else {
        let known = SimulationWorld.allCases.map { "sim:\($0.rawValue)" }.joined(separator: ", ")
        problems.append(
          "\(path): camera.source \"sim:\(name)\" is no world of the simulator; known are \(known)")
        return
      }
      frameSize = configuration.camera.size
      let lens = SimulationSettings.defaultCalibration(
        size: configuration.camera.size, distorted: configuration.simulation.distortion)
      calibration = SimulationSettings(world: world, seed: 0, calibration: lens).mountedCalibration
      calibrationOrigin = "the simulator's own"
    case .drive(let folder):
      readDrive(Configuration.resolve(folder, besides: path), problems: &problems)
    }
  }

  private mutating func readDrive(_ folder: String, problems: inout [String]) {
    let manifest = folder + "/drive.toml"
    let text: String
    do { text = try TextFile.read(manifest) } catch {
      switch error {
      case .missing:
        let reason =
          access(folder + "/frames.csv", F_OK) == 0
          ? "has no drive.toml: it was interrupted while it was recorded; complete it with "
            + "`depthctl record --complete --out \(folder)`"
          : "is no drive folder: it has no drive.toml"
        problems.append("camera.source: \(folder) \(reason)")
      case .unreadable(let reason): problems.append("camera.source: \(manifest) cannot be read: \(reason)")
      }
      return
    }
    do { frameSize = try DriveManifest(text: text, path: manifest).size } catch {
      problems.append(error.description)
    }
    readCalibration(folder + "/camera.yaml", problems: &problems)
  }

  /// A recording may be uncalibrated; a file that is there must be right.
  private mutating func readCalibration(_ file: String, problems: inout [String]) {
    do {
      calibration = try CalibrationFile.read(file).calibration
      calibrationOrigin = "the recording's own camera.yaml"
    } catch {
      if case .missing = error { return }
      problems.append(error.description)
    }
  }
}
