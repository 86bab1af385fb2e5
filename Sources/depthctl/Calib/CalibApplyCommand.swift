// `depthctl calib apply`: a checked calibration takes the place of the one in use, in one step or not at all.
import ArgumentParser
import Messaging
import Geometry
import Calibration
import DepthDaemon
import Foundation
import Platform
import Quantities

struct CalibApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Put a checked calibration in place and have the daemon take it over.",
    discussion: """
      The file that camera.calibration names is replaced at once or not at all, and kept as a generation to roll back \
      to. Kalibr files are converted. Mount and sensors of the present calibration are taken over unless the new file \
      states its own. If the daemon refuses the calibration, the present one is put back.
      """)

  @OptionGroup var options: CalibOptions
  @Argument(help: "A camera_info or Kalibr file; FILE#cam1 picks a camera of a chain.") var file: String
  @Flag(help: "Apply it in spite of warnings.") var anyway = false
  @Flag(help: "Leave the running daemon alone; it takes the file over at its next reload or start.")
  var noReload = false

  func run() throws {
    let place = try options.place()
    let target = try place.fileToReplace()
    let report = try CalibrationReading.report(file, place, options)
    CalibrationReading.show(report, file, options, place)
    switch report.verdict {
    case .usable: break
    case .doubtful: guard anyway else { throw CalibCommandError.doubtful }
    case .refused: throw ExitCode(2)
    }
    var info = report.file.info
    if info.mount == nil, let mount = place.inUse?.mount {
      info.mount = mount
      print("  mount       taken over from the present calibration: \(mount.text)")
    }
    if info.sensors.isEmpty, let sensors = place.inUse?.sensors {
      info.sensors = sensors
      for sensor in sensors { print("  sensor      taken over from the present calibration: \(sensor.text)") }
    }
    let exchange = CalibrationExchange(store: CalibrationStore(path: target), options: options.client)
    try exchange.apply(info.fileText(origin: file), reloads: !noReload)
  }
}

extension CameraInfo {
  /// The file to keep: where it came from, then the YAML.
  func fileText(origin: String) -> String {
    let date = ISO8601DateFormatter().string(from: Date())
    let source = origin.replacingOccurrences(of: "\n", with: " ")
    return "# Written by depthctl \(Version.daemon) on \(date) from \(source).\n" + yaml
  }
}

/// Exchange of the file on disk and in the running daemon, both or neither.
struct CalibrationExchange {
  let store: CalibrationStore
  let options: ClientOptions

  func apply(_ text: String, reloads: Bool) throws {
    let kept = try store.apply(text)
    print("\(store.path): written" + (kept.map { "; what was there is kept as \($0.path)" } ?? ""))
    guard reloads else { return print("the daemon takes it over at its next reload or start") }
    do { try reload() } catch {
      if kept != nil {
        _ = try store.rollback()
        print("\(store.path): put back, because the daemon refused the new one")
      } else {
        print("\(store.path): stays, since there is nothing before it")
      }
      throw error
    }
  }

  /// Has the running daemon read its files again; no daemon is no error.
  func reload() throws {
    guard DaemonFacts(options.directory) != nil else {
      return print("no daemon runs in \(options.directory.path); the next start takes it over")
    }
    print(try DaemonReload(options).run())
  }
}
