// `depthctl calib import`: one camera of a Kalibr chain, or a camera_info file, as a clean camera_info file.
import ArgumentParser
import Calibration
import DepthDaemon
import Foundation
import Platform
import Quantities

struct CalibImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Convert a Kalibr or ROS calibration to the file this daemon keeps.",
    discussion: "Nothing is applied: look at the result with calib check, then calib apply it.")

  @Argument(help: "A Kalibr or camera_info file; FILE#cam1 picks a camera of a chain.") var file: String
  @Option(help: "The camera_info file to write.") var out: String
  @Option(help: "Name of the camera in the file [default: the one it has].") var name: String?

  func run() throws {
    let read = try CalibrationReading.read(file)
    var info = read.info
    if let name { info.cameraName = name }
    do { try AtomicFile.write(Array(info.fileText(origin: file).utf8), to: out, permissions: 0o644) } catch {
      throw ClientCommandError.unwritable(path: out, reason: "\(error)")
    }
    print(
      "\(out): \(read.format.rawValue), \(info.distortionModel.rawValue), \(info.imageSize), calib_id \(read.id)"
    )
    for warning in read.warnings { print("warning: \(warning)") }
  }
}
