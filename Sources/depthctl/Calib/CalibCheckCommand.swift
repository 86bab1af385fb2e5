// `depthctl calib check`: what is this calibration worth, and what would it change?
import ArgumentParser
import Geometry
import Calibration
import DepthDaemon
import Foundation
import Quantities

struct CalibCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say everything about a calibration file, changing nothing.",
    discussion: "Exits 0 when it is usable, 1 when something looks wrong, 2 when it cannot be used.")

  @OptionGroup var options: CalibOptions
  @Argument(
    help: "A camera_info or Kalibr file; FILE#cam1 picks a camera of a chain [default: the one in use].")
  var file: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let place = try options.place()
    guard let name = file ?? place.path else {
      throw CalibCommandError.noFileNamed(configuration: place.configurationPath)
    }
    let report = try CalibrationReading.report(name, place, options)
    if json {
      print(try JSONText.line(report.object))
    } else {
      CalibrationReading.show(report, name, options, place)
    }
    switch report.verdict {
    case .usable: break
    case .doubtful: throw ExitCode(1)
    case .refused: throw ExitCode(2)
    }
  }
}

/// Reading a file for the commands that look at it first.
enum CalibrationReading {
  /// - Throws: exit code 2 after saying why the file cannot be used.
  static func report(
    _ name: String, _ place: CalibrationPlace, _ options: CalibOptions
  ) throws -> CalibrationReport {
    CalibrationReport(
      try read(name), frameSize: options.frameSize(place).size, present: place.inUse)
  }

  /// - Throws: exit code 2 after saying why the file cannot be used.
  static func read(_ name: String) throws -> CalibrationFile {
    do { return try quietly(name) } catch {
      FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
      throw ExitCode(2)
    }
  }

  static func quietly(_ name: String) throws(CalibrationError) -> CalibrationFile {
    let parts = name.split(separator: "#", maxSplits: 1).map(String.init)
    return try CalibrationFile.read(parts.first ?? name, camera: parts.count > 1 ? parts[1] : nil)
  }

  static func show(
    _ report: CalibrationReport, _ name: String, _ options: CalibOptions, _ place: CalibrationPlace
  ) {
    print(name)
    for line in report.lines { print("  " + line) }
    if !options.frameSize(place).isLive {
      print("  note        no live stream: the size is the configured one")
    }
    print("  verdict     \(report.verdict.rawValue)")
  }
}

extension CalibrationReport {
  /// For `--json`; angles in degrees.
  var object: [String: Any] {
    let k = file.calibration.intrinsics
    let field = k.fieldOfView
    var object: [String: Any] = [
      "verdict": verdict.rawValue, "format": file.format.rawValue,
      "distortion_model": file.info.distortionModel.rawValue, "calib_id": file.id,
      "width": k.size.width, "height": k.size.height, "K": [k.fx, k.fy, k.cx, k.cy],
      "field_of_view_deg": [field.horizontal * 180 / .pi, field.vertical * 180 / .pi],
      "frame_width": frameSize.width, "frame_height": frameSize.height, "in_use": isInUse,
      "warnings": file.warnings.map(\.description),
    ]
    object["problem"] = problem?.description
    if let change {
      object["change"] = [
        "depth_ratio_median": change.medianRatio, "depth_ratio_min": change.smallestRatio,
        "depth_ratio_max": change.largestRatio, "turn_median_deg": change.medianTurnRadians * 180 / .pi,
        "turn_max_deg": change.largestTurnRadians * 180 / .pi,
      ]
    }
    if let mount = file.info.mount {
      var entry = [
        "height_m": mount.heightMeters, "pitch_deg": mount.pitchRadians * 180 / .pi,
        "roll_deg": mount.rollRadians * 180 / .pi, "yaw_deg": mount.yawRadians * 180 / .pi,
      ]
      entry["forward_m"] = mount.leverArm?.forwardMeters
      entry["left_m"] = mount.leverArm?.leftMeters
      object["mount"] = entry
    }
    object["sensors"] = file.info.sensors.map { sensor -> [String: Any] in
      let t = sensor.cameraFromSensor.translation
      return [
        "frame": sensor.frame, "translation_m": [t.x, t.y, t.z],
        "rotation": sensor.cameraFromSensor.rotation,
        "time_offset_ms": Double(sensor.timeOffsetNanoseconds) * 1e-6,
      ]
    }
    return object
  }
}
