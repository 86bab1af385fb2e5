import Drive
import Geometry
import Glibc
import ImageBuffers
import Quantities
import TestSupport

/// A small drive in a folder of its own.
struct DriveFixture {
  static let size = ImageSize(width: 32, height: 16)
  static let calibration = CameraCalibration(
    name: "fixture", intrinsics: CameraIntrinsics(fx: 20, fy: 21, cx: 15.5, cy: 7.25, size: size),
    distortion: .plumbBob(k1: -0.1, k2: 0.02, p1: 0.001, p2: 0, k3: 0))

  let folder: TemporaryFolder
  var directory: String { folder.path + "/deep/drive" }

  init() throws {
    folder = try TemporaryFolder()
  }

  static var manifest: DriveManifest {
    DriveManifest(
      name: "fixture", kind: .sequence, size: size, nominalRateHz: 12.5, licence: "MIT", origin: "test",
      note: "with \"quotes\" and\nlines", cameraHeightMeters: 0.75)
  }

  func writer() throws -> DriveWriter {
    try DriveWriter(directory: directory, manifest: Self.manifest, calibration: Self.calibration)
  }

  static func pose(_ index: Int) -> RigidTransform {
    RigidTransform(
      rotation: [0, 0, 1, -1, 0, 0, 0, -1, 0], translation: SIMD3(Double(index) * 0.5, -0.25, 1.125))
  }

  static func depth(_ index: Int) -> Plane<Float> {
    var plane = Plane<Float>(width: size.width, height: size.height)
    for y in 0..<size.height {
      var row = plane.mutableRow(y)
      for x in 0..<size.width { row[x] = Float(x) * 0.25 + Float(index) }
      row[31] = .infinity
      row[30] = .nan
    }
    return plane
  }

  /// A smooth picture, so that JPEG keeps it closely.
  static func image(_ index: Int) -> RGBImage {
    var image = RGBImage(size: size)
    for y in 0..<size.height {
      var row = image.bytes.mutableRow(y)
      for x in 0..<(3 * size.width) { row[x] = UInt8(40 + x + 2 * y + index) }
    }
    return image
  }

  func append(_ writer: DriveWriter, _ index: Int, odometry: Bool = true) throws {
    try writer.append(
      DriveWriter.FrameRecord(timeSeconds: Double(index) * 0.08, worldFromCamera: Self.pose(index)),
      image: Self.image(index), depth: Self.depth(index), sparse: index == 1 ? nil : Self.depth(index))
    for half in 0..<2 where odometry {
      try writer.appendOdometry(
        timeSeconds: Double(index) * 0.08 + Double(half) * 0.04, speedMetersPerSecond: 1.5 + Double(index),
        yawRateRadiansPerSecond: -0.125)
    }
  }

  func record(frames: Int) throws {
    let writer = try writer()
    for index in 0..<frames { try append(writer, index) }
    try writer.finish()
  }

  func text(_ name: String) -> String {
    guard let file = fopen(directory + "/" + name, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }

  func write(_ text: String, to name: String) {
    guard let file = fopen(directory + "/" + name, "w") else { return }
    let bytes = Array(text.utf8)
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  func edit(_ name: String, _ change: (String) -> String) {
    write(change(text(name)), to: name)
  }
}
