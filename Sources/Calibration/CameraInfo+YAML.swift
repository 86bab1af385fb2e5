import Geometry
import Quantities

extension CameraInfo {
  /// The file that ROS's camera_calibration_parsers would write, keys in its order.
  ///
  /// Numbers are written in full, so that reading gives the same calibration again.
  public var yaml: String {
    var lines = [
      "image_width: \(imageSize.width)",
      "image_height: \(imageSize.height)",
      "camera_name: \(Self.quoted(cameraName))",
    ]
    lines += Self.matrix("camera_matrix", cameraMatrix, columns: 3)
    lines.append("distortion_model: \(distortionModel.rawValue)")
    lines += Self.matrix(
      "distortion_coefficients", distortionCoefficients, columns: distortionCoefficients.count)
    lines += Self.matrix("rectification_matrix", rectificationMatrix, columns: 3)
    lines += Self.matrix("projection_matrix", projectionMatrix, columns: 4)
    if let binningX { lines.append("binning_x: \(binningX)") }
    if let binningY { lines.append("binning_y: \(binningY)") }
    if let region = regionOfInterest {
      lines += [
        "roi:", "  x_offset: \(region.xOffset)", "  y_offset: \(region.yOffset)",
        "  height: \(region.height)", "  width: \(region.width)", "  do_rectify: \(region.doRectify)",
      ]
    }
    if let mount {
      lines += [
        "mount:", "  height_m: \(Self.decimal(mount.heightMeters))",
        "  pitch_deg: \(Self.decimal(mount.pitchRadians * 180 / .pi))",
        "  roll_deg: \(Self.decimal(mount.rollRadians * 180 / .pi))",
        "  yaw_deg: \(Self.decimal(mount.yawRadians * 180 / .pi))",
      ]
      if let arm = mount.leverArm {
        lines += [
          "  forward_m: \(Self.decimal(arm.forwardMeters))", "  left_m: \(Self.decimal(arm.leftMeters))",
        ]
      }
    }
    if !sensors.isEmpty { lines += ["sensors:"] + sensors.flatMap(Self.lines(of:)) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of sensor: RangeSensor) -> [String] {
    let t = sensor.cameraFromSensor.translation
    let rotation = sensor.cameraFromSensor.rotation.map { "\($0)" }.joined(separator: ", ")
    return [
      "  - frame: \(quoted(sensor.frame))", "    translation_m: [\(t.x), \(t.y), \(t.z)]",
      "    rotation: [\(rotation)]", "    time_offset_ms: \(Double(sensor.timeOffsetNanoseconds) * 1e-6)",
    ]
  }

  /// To four places: a tenth of a millimetre, or two microradians.
  private static func decimal(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

  private static func matrix(_ key: String, _ data: [Double], columns: Int) -> [String] {
    let numbers = data.map { "\($0)" }.joined(separator: ", ")
    return ["\(key):", "  rows: \(data.count / columns)", "  cols: \(columns)", "  data: [\(numbers)]"]
  }

  /// Plain if it cannot be mistaken for anything but a name.
  private static func quoted(_ name: String) -> String {
    let plain = name.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "_-/.".unicodeScalars.contains(scalar))
    }
    let reserved = ["", "true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    if plain, name.first?.isLetter == true, !reserved.contains(name.lowercased()) { return name }
    let escaped = name.map { character -> String in
      switch character {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      default: String(character)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}
