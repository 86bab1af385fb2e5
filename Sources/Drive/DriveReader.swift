import Calibration
public import Geometry
public import ImageBuffers
import ImageCodecs
import Quantities

/// Reads a drive folder.
///
/// All text files are checked when it is opened; images when they are asked for. One thread; buffers are
/// reused from frame to frame.
public final class DriveReader {
  /// Sub-folders that a drive may have besides `frames`.
  public enum DepthFolder: String, Sendable {
    /// Truth.
    case depth
    /// Returns of a range sensor.
    case sparse
  }

  public let directory: String
  public let manifest: DriveManifest
  /// Nil = intrinsics unknown.
  public let calibration: CameraCalibration?
  public let frames: [DriveFrame]
  /// Empty when the drive has none.
  public let odometry: [DriveOdometry]
  /// One for each frame, or empty.
  public let poses: [DrivePose]
  public let hasDepth: Bool
  public let hasSparse: Bool
  public let hasRight: Bool
  private let decoder: JPEGDecoder
  private var file = FileBytes()
  private var codes: Plane<UInt16>

  /// Opens a folder.
  /// - Throws: `.missingFile`, `.badText` with file and line, `.file`.
  public init(directory: String) throws(DriveError) {
    self.directory = directory
    let manifestPath = directory + "/drive.toml"
    guard fileExists(manifestPath) else {
      throw .missingFile(
        path: manifestPath,
        neededFor: fileExists(directory + "/frames.csv")
          ? "being complete; it was interrupted (`depthctl record --complete --out \(directory)` ends it)"
          : "saying what the drive is")
    }
    let manifest = try DriveManifest(text: FileBytes.text(of: manifestPath), path: manifestPath)
    self.manifest = manifest
    calibration = try Self.readCalibration(directory, size: manifest.size)
    let framesPath = directory + "/frames.csv"
    guard fileExists(framesPath) else {
      throw .missingFile(path: framesPath, neededFor: "the list of frames")
    }
    frames = try DriveTables.frames(path: framesPath, expected: manifest.frameCount)
    let odometryPath = directory + "/odometry.csv"
    odometry = fileExists(odometryPath) ? try DriveTables.odometry(path: odometryPath) : []
    let posesPath = directory + "/poses.csv"
    poses = fileExists(posesPath) ? try DriveTables.poses(path: posesPath) : []
    guard poses.isEmpty || poses.count == frames.count else {
      throw .badText(
        path: posesPath, line: poses.count + 1, reason: "\(poses.count) poses for \(frames.count) frames")
    }
    hasDepth = fileExists(directory + "/depth")
    hasSparse = fileExists(directory + "/sparse")
    hasRight = fileExists(directory + "/right")
    do { decoder = try JPEGDecoder() } catch {
      throw .badImage(path: directory, reason: "\(error)")
    }
    codes = Plane(width: manifest.size.width, height: manifest.size.height)
  }

  private static func readCalibration(
    _ directory: String, size: ImageSize
  ) throws(DriveError) -> CameraCalibration? {
    let path = directory + "/camera.yaml"
    guard fileExists(path) else { return nil }
    let text = try FileBytes.text(of: path)
    let calibration: CameraCalibration
    do { calibration = try CalibrationFile.parse(text, file: path).calibration } catch {
      throw .badText(path: path, line: nil, reason: "\(error)")
    }
    guard calibration.size == size else {
      throw .badText(
        path: path, line: nil, reason: "the calibration is for \(calibration.size), the frames are \(size)")
    }
    return calibration
  }

  /// Where a frame's image lies.
  public func imagePath(_ index: Int) -> String { directory + "/frames/" + frames[index].file }

  /// Decodes a frame's image.
  /// - Parameter image: of the drive's size.
  /// - Throws: `.badImage`, `.file`.
  public func readImage(_ index: Int, into image: inout RGBImage) throws(DriveError) {
    try readJPEG(imagePath(index), into: &image)
  }

  /// Decodes the right image of a stereo drive.
  public func readRightImage(_ index: Int, into image: inout RGBImage) throws(DriveError) {
    try readJPEG(directory + "/right/" + frames[index].file, into: &image)
  }

  private func readJPEG(_ path: String, into image: inout RGBImage) throws(DriveError) {
    precondition(image.size == manifest.size, "the buffer has another size than the drive")
    try file.read(path)
    let bytes = file.bytes
    do {
      let found = try decoder.header(of: bytes.span.bytes).size
      guard found == manifest.size else {
        throw ImageCodecError.sizeMismatch(.jpeg, found: found, wanted: manifest.size)
      }
      try decoder.decode(bytes.span.bytes, into: &image)
    } catch {
      throw .badImage(path: path, reason: "\(error)")
    }
  }

  /// Decodes a frame's depth.
  /// - Parameter depth: of the drive's size; receives metres, NaN = none.
  /// - Returns: false when this frame has no such file.
  @discardableResult
  public func readDepth(
    _ index: Int, from folder: DepthFolder = .depth, into depth: inout Plane<Float>
  ) throws(DriveError) -> Bool {
    precondition(
      depth.width == manifest.size.width && depth.height == manifest.size.height,
      "the buffer has another size than the drive")
    let stem = frames[index].file.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
    let path = "\(directory)/\(folder.rawValue)/\(stem).png"
    guard fileExists(path) else {
      depth.fill(.nan)
      return false
    }
    try file.read(path)
    let bytes = file.bytes
    do { try PNGDecoder.decodeGrey16(bytes.span.bytes, into: &codes) } catch {
      throw .badImage(path: path, reason: "\(error)")
    }
    for y in 0..<manifest.size.height {
      let source = codes.row(y)
      var target = depth.mutableRow(y)
      for x in 0..<manifest.size.width { target[x] = DepthCoding.meters(source[x]) }
    }
    return true
  }
}
