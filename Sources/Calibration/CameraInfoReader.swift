import Geometry
import Quantities
import Yams

/// Reads the ROS `camera_info` YAML.
///
/// Every problem of a file is found in one pass.
///
/// - Source: image_common, camera_calibration_parsers/parse_yml.cpp (keys and defaults).
struct CameraInfoReader {
  private var reader: MappingReader
  private(set) var warnings: [CalibrationWarning] = []

  private static let keys: Set<String> = [
    "image_width", "image_height", "camera_name", "camera_matrix", "distortion_model",
    "distortion_coefficients", "rectification_matrix", "projection_matrix", "binning_x", "binning_y", "roi",
    "mount", "sensors",
  ]

  init(_ mapping: Node.Mapping) {
    reader = MappingReader(mapping)
  }

  /// - Throws: `.invalid` with all problems.
  mutating func read(file: String) throws(CalibrationError) -> CameraInfo {
    let width = reader.integer("image_width", atLeast: 1)
    let height = reader.integer("image_height", atLeast: 1)
    let cameraMatrix = matrix("camera_matrix", rows: 3, columns: 3)
    let (model, coefficients) = distortion()
    let rectification =
      reader.has("rectification_matrix") ? matrix("rectification_matrix", rows: 3, columns: 3) : nil
    let projection = reader.has("projection_matrix") ? matrix("projection_matrix", rows: 3, columns: 4) : nil
    let name = reader.has("camera_name") ? reader.text("camera_name") : nil
    let binningX = reader.has("binning_x") ? reader.integer("binning_x", atLeast: 0) : nil
    let binningY = reader.has("binning_y") ? reader.integer("binning_y", atLeast: 0) : nil
    let region = regionOfInterest()
    let mount = mount()
    let sensors = sensors()
    if let region, let width, let height,
      region.xOffset + region.width > width || region.yOffset + region.height > height
    {
      reader.report("roi", "roi reaches outside the image of \(width)x\(height)")
    }
    if let cameraMatrix { checkPinhole(cameraMatrix, columns: 3, key: "camera_matrix") }
    if let projection { checkPinhole(projection, columns: 4, key: "projection_matrix") }
    if let rectification { checkRotation(rectification) }
    warnAboutKeys()

    guard reader.problems.isEmpty, let width, let height, let cameraMatrix, let model, let coefficients
    else { throw .invalid(file: file, problems: reader.problems) }
    var info = CameraInfo(
      imageSize: ImageSize(width: width, height: height), cameraMatrix: cameraMatrix, distortionModel: model,
      distortionCoefficients: coefficients)
    if let name { info.cameraName = name }
    if let rectification { info.rectificationMatrix = rectification }
    if let projection { info.projectionMatrix = projection }
    info.binningX = binningX
    info.binningY = binningY
    info.regionOfInterest = region
    info.mount = mount
    info.sensors = sensors
    return info
  }

  /// A `rows, cols, data` group of a stated shape.
  private mutating func matrix(_ key: String, rows: Int, columns: Int?) -> [Double]? {
    guard var nested = reader.nested(key) else { return nil }
    let foundRows = nested.integer("rows", atLeast: 0)
    let foundColumns = nested.integer("cols", atLeast: 0)
    let data = nested.numbers("data", called: "\(key).data")
    reader.adopt(
      nested.problems.map { problem in
        problem.text.hasPrefix(key)
          ? problem : CalibrationProblem(line: problem.line, text: "\(key): \(problem.text)")
      })
    guard let foundRows, let foundColumns, let data else { return nil }
    guard foundRows == rows, columns == nil || foundColumns == columns else {
      reader.report(
        key, "\(key) is \(foundRows)x\(foundColumns); it must be \(rows)x\(columns.map(String.init) ?? "N")")
      return nil
    }
    guard data.count == foundRows * foundColumns else {
      reader.report(
        key,
        "\(key).data has \(data.count) numbers; \(foundRows)x\(foundColumns) is \(foundRows * foundColumns)")
      return nil
    }
    return data
  }

  private mutating func distortion() -> (DistortionModel?, [Double]?) {
    let coefficients = matrix("distortion_coefficients", rows: 1, columns: nil)
    var model: DistortionModel? = .plumbBob
    if reader.has("distortion_model") {
      guard let name = reader.text("distortion_model") else { return (nil, nil) }
      model = DistortionModel(rawValue: name)
      if model == nil {
        let known = DistortionModel.allCases.map(\.rawValue).joined(separator: ", ")
        reader.report("distortion_model", "distortion_model \"\(name)\" is not supported; known are \(known)")
      }
    } else {
      warnings.append(.missingDistortionModel)
    }
    guard let model, let coefficients else { return (model, coefficients) }
    let expected = model.coefficientNames
    if coefficients.count != expected.count {
      reader.report(
        "distortion_coefficients",
        """
        \(model.rawValue) has \(expected.count) coefficients (\(expected.joined(separator: " "))), found \
        \(coefficients.count)
        """)
    }
    return (model, coefficients)
  }

  private mutating func regionOfInterest() -> CameraInfo.RegionOfInterest? {
    guard reader.has("roi"), var nested = reader.nested("roi") else { return nil }
    var region = CameraInfo.RegionOfInterest()
    region.xOffset = nested.integer("x_offset", atLeast: 0) ?? 0
    region.yOffset = nested.integer("y_offset", atLeast: 0) ?? 0
    region.height = nested.integer("height", atLeast: 0) ?? 0
    region.width = nested.integer("width", atLeast: 0) ?? 0
    region.doRectify = nested.flag("do_rectify") ?? false
    reader.adopt(nested.problems.map { CalibrationProblem(line: $0.line, text: "roi: \($0.text)") })
    if !region.isFullImage, region.width < 1 || region.height < 1 {
      reader.report("roi", "roi has offsets but no size")
    }
    return region
  }

  private mutating func mount() -> CameraMount? {
    guard reader.has("mount"), var nested = reader.nested("mount") else { return nil }
    let height = nested.number("height_m")
    let pitch = nested.number("pitch_deg")
    let roll = nested.has("roll_deg") ? nested.number("roll_deg") : 0
    let yaw = nested.has("yaw_deg") ? nested.number("yaw_deg") : 0
    let statesArm = nested.has("forward_m") || nested.has("left_m")
    let forward = nested.has("forward_m") ? nested.number("forward_m") : 0
    let left = nested.has("left_m") ? nested.number("left_m") : 0
    reader.adopt(nested.problems.map { CalibrationProblem(line: $0.line, text: "mount: \($0.text)") })
    guard let height, let pitch, let roll, let yaw, let forward, let left else { return nil }
    guard height > 0, abs(pitch) <= 90, abs(roll) <= 180, abs(yaw) <= 180 else {
      reader.report(
        "mount",
        "mount: height_m is above zero, pitch_deg from -90 to 90, roll_deg and yaw_deg from -180 to 180")
      return nil
    }
    guard abs(forward) <= 20, abs(left) <= 20 else {
      reader.report("mount", "mount: forward_m and left_m are metres from the turning centre, at most 20")
      return nil
    }
    return CameraMount(
      heightMeters: height, pitchRadians: pitch * .pi / 180, rollRadians: roll * .pi / 180,
      yawRadians: yaw * .pi / 180,
      leverArm: statesArm ? .init(forwardMeters: forward, leftMeters: left) : nil)
  }

  private mutating func sensors() -> [RangeSensor] {
    guard reader.has("sensors") else { return [] }
    var sensors = RangeSensorReader()
    for entry in reader.entries("sensors") ?? [] { sensors.read(entry) }
    reader.adopt(sensors.problems)
    return sensors.found
  }

  /// [fx 0 cx (.) 0 fy cy (.) 0 0 1 (0)], with focal lengths above zero.
  private mutating func checkPinhole(_ m: [Double], columns n: Int, key: String) {
    guard m.contains(where: { $0 != 0 }) else {
      return reader.report(key, "\(key) is all zero, which means: not calibrated")
    }
    if m[0] <= 0 { reader.report(key, "\(key): fx is \(m[0]); a focal length is above zero") }
    if m[n + 1] <= 0 { reader.report(key, "\(key): fy is \(m[n + 1]); a focal length is above zero") }
    if m[1] != 0 || m[n] != 0 {
      reader.report(key, "\(key) has skew, which this camera model does not have")
    }
    if m[2 * n] != 0 || m[2 * n + 1] != 0 || m[2 * n + 2] != 1 {
      reader.report(key, "\(key): the last row must be 0 0 1")
    }
    if n == 4, m[3] != 0 || m[7] != 0 || m[11] != 0 { warnings.append(.stereoBaselineIgnored) }
  }

  private mutating func checkRotation(_ r: [Double]) {
    if !RigidTransform.isRotation(r) {
      reader.report("rectification_matrix", "rectification_matrix is no rotation")
    }
  }

  private mutating func warnAboutKeys() {
    for key in reader.keys where !Self.keys.contains(key.name) {
      warnings.append(.unknownKey(name: key.name, line: key.line))
    }
    if !reader.has("projection_matrix") { warnings.append(.missingProjection) }
  }
}
