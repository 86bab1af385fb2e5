import Calibration
public import Geometry
import Glibc
public import ImageBuffers
import ImageCodecs
import Quantities

/// Writes a drive folder frame by frame.
///
/// A frame's files are complete before its line enters `frames.csv`, and `drive.toml` comes last: a folder
/// without it is unfinished. Such a folder can be taken up again where it stopped, or completed as it is: what
/// `drive.toml` will say lies in `drive.toml.draft` until then. One thread.
public final class DriveWriter {
  /// What belongs to one frame besides its image.
  public struct FrameRecord: Sendable {
    /// Seconds since the start of the drive; nil = unknown.
    public var timeSeconds: Double?
    public var worldFromCamera: RigidTransform?

    public init(timeSeconds: Double?, worldFromCamera: RigidTransform? = nil) {
      self.timeSeconds = timeSeconds
      self.worldFromCamera = worldFromCamera
    }
  }

  public let directory: String
  public private(set) var manifest: DriveManifest
  /// Frames in the folder, those of an earlier attempt included.
  public private(set) var frameCount: Int
  /// Readings in `odometry.csv`, those of an earlier attempt included.
  public private(set) var odometryCount: Int
  private var index: CSVAppender
  private var odometry: CSVAppender?
  private var poses: CSVAppender?
  private var folders: Set<String> = []
  private let encoder: JPEGEncoder
  private var codes: Plane<UInt16>

  /// Creates the folder, or takes up an unfinished one.
  /// - Parameters:
  ///   - manifest: `frameCount` is filled in by `finish()`.
  ///   - calibration: of the stored frames; nil = intrinsics unknown.
  ///   - jpegQuality: 1 to 100.
  /// - Throws: `.alreadyRecorded`, `.file`, `.badText` when an unfinished folder is damaged.
  public init(
    directory: String, manifest: DriveManifest, calibration: CameraCalibration?, jpegQuality: Int = 92
  ) throws(DriveError) {
    try makeDirectory(directory)
    guard !fileExists(directory + "/drive.toml") else { throw .alreadyRecorded(directory: directory) }
    if let calibration, calibration.size != manifest.size {
      throw .unstorable(
        directory: directory,
        reason: "the calibration is for \(calibration.size) images, the frames are \(manifest.size)")
    }
    self.directory = directory
    self.manifest = manifest
    do { encoder = try JPEGEncoder(quality: jpegQuality, chroma: .quarter) } catch {
      throw .unstorable(directory: directory, reason: "\(error)")
    }
    codes = Plane(width: manifest.size.width, height: manifest.size.height)
    try replaceFile(Self.draftPath(directory), with: manifest.text)
    index = try CSVAppender(directory + "/frames.csv", header: "index,time_s,file")
    frameCount = index.rowCount
    odometryCount = 0
    if let calibration {
      try replaceFile(directory + "/camera.yaml", with: CameraInfo(calibration).yaml)
    }
    if fileExists(directory + "/odometry.csv") { try openOdometry() }
    if fileExists(directory + "/poses.csv") { try openPoses().truncate(toRows: frameCount) }
  }

  /// Adds a frame and everything known about it.
  /// - Parameters:
  ///   - depth: truth of the same pixels, metres along the optical axis.
  ///   - sparse: range returns, NaN or 0 = none.
  public func append(
    _ record: FrameRecord, image: borrowing RGBImage, depth: borrowing Plane<Float>? = nil,
    sparse: borrowing Plane<Float>? = nil
  ) throws(DriveError) {
    guard image.size == manifest.size else {
      throw .unstorable(
        directory: directory, reason: "frame \(frameCount) is \(image.size), the drive is \(manifest.size)")
    }
    let jpeg: UnsafeRawBufferPointer
    do { jpeg = try encoder.encode(image) } catch {
      throw .unstorable(directory: directory, reason: "frame \(frameCount): \(error)")
    }
    try append(record, jpeg: jpeg, depth: depth, sparse: sparse)
  }

  /// Adds a frame that is a JPEG file already.
  public func append(
    _ record: FrameRecord, jpeg: UnsafeRawBufferPointer, depth: borrowing Plane<Float>? = nil,
    sparse: borrowing Plane<Float>? = nil
  ) throws(DriveError) {
    let name = DecimalText.frameName(frameCount)
    try write(jpeg, folder: "frames", file: name + ".jpg")
    try write(plane: depth, folder: "depth", file: name + ".png")
    try write(plane: sparse, folder: "sparse", file: name + ".png")
    let time = record.timeSeconds.map { DecimalText.fixed($0, digits: 6) } ?? ""
    if let pose = record.worldFromCamera { try appendPose(pose, time) }
    try index.append("\(frameCount),\(time),\(name).jpg")
    frameCount += 1
  }

  /// Adds one odometry reading; times must not go back.
  public func appendOdometry(
    timeSeconds: Double, speedMetersPerSecond: Double, yawRateRadiansPerSecond: Double
  ) throws(DriveError) {
    if odometry == nil { try openOdometry() }
    let time = DecimalText.fixed(timeSeconds, digits: 6)
    let speed = DecimalText.fixed(speedMetersPerSecond, digits: 6)
    let yawRate = DecimalText.fixed(yawRateRadiansPerSecond, digits: 7)
    try odometry?.append("\(time),\(speed),\(yawRate)")
    odometryCount += 1
  }

  /// Completes the folder by writing `drive.toml`.
  public func finish() throws(DriveError) {
    manifest.frameCount = frameCount
    try replaceFile(directory + "/drive.toml", with: manifest.text)
    unlink(Self.draftPath(directory))
  }

  /// Completes a folder whose recorder died, with the frames that it holds.
  ///
  /// - Returns: what the folder now says of itself.
  /// - Throws: `.alreadyRecorded`, `.file` when nothing was begun there, `.badText`.
  public static func complete(directory: String) throws(DriveError) -> DriveManifest {
    let draft = draftPath(directory)
    guard !fileExists(directory + "/drive.toml") else { throw .alreadyRecorded(directory: directory) }
    let manifest = try DriveManifest(text: FileBytes.text(of: draft), path: draft)
    let writer = try DriveWriter(directory: directory, manifest: manifest, calibration: nil)
    try writer.finish()
    return writer.manifest
  }

  private static func draftPath(_ directory: String) -> String { directory + "/drive.toml.draft" }

  private func openOdometry() throws(DriveError) {
    let appender = try CSVAppender(
      directory + "/odometry.csv", header: "time_s,speed_mps,yaw_rate_radps")
    odometryCount = appender.rowCount
    odometry = appender
  }

  @discardableResult
  private func openPoses() throws(DriveError) -> CSVAppender {
    let columns = (0..<3).flatMap { row in (0..<4).map { "t\(row)\($0)" } }.joined(separator: ",")
    let appender = try CSVAppender(directory + "/poses.csv", header: "time_s," + columns)
    poses = appender
    return appender
  }

  private func appendPose(_ pose: RigidTransform, _ time: String) throws(DriveError) {
    if poses == nil { try openPoses() }
    var line = time
    for row in 0..<3 {
      for column in 0..<3 { line += "," + DecimalText.fixed(pose.rotation[row * 3 + column], digits: 9) }
      line += "," + DecimalText.fixed(pose.translation[row], digits: 7)
    }
    try poses?.append(line)
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, folder: String, file: String
  ) throws(DriveError) {
    let path = directory + "/" + folder
    if folders.insert(folder).inserted { try makeDirectory(path) }
    let output = try FileOutput(path + "/" + file)
    try output.write(bytes)
  }

  private func write(
    plane: borrowing Plane<Float>?, folder: String, file: String
  ) throws(DriveError) {
    switch plane {
    case .none: return
    case .some(let plane): try encodeCodes(of: plane, folder)
    }
    let png: [UInt8]
    do { png = try PNGEncoder.encode(grey16: codes, compression: 2) } catch {
      throw .unstorable(directory: directory, reason: "\(folder) of frame \(frameCount): \(error)")
    }
    try png.withUnsafeBufferPointer { (memory) throws(DriveError) in
      try write(UnsafeRawBufferPointer(memory), folder: folder, file: file)
    }
  }

  private func encodeCodes(of plane: borrowing Plane<Float>, _ folder: String) throws(DriveError) {
    let size = manifest.size
    guard plane.width == size.width, plane.height == size.height else {
      throw .unstorable(directory: directory, reason: "\(folder) of frame \(frameCount) is not \(size)")
    }
    for y in 0..<size.height {
      let source = plane.row(y)
      var target = codes.mutableRow(y)
      for x in 0..<size.width { target[x] = DepthCoding.code(source[x]) }
    }
  }
}
