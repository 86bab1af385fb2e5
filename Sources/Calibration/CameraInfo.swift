public import Geometry
public import Quantities

/// The content of a ROS `camera_info` YAML file, as it stands there.
///
/// - Source: sensor_msgs/CameraInfo and image_common's camera_calibration_parsers.
public struct CameraInfo: Hashable, Sendable {
  /// Part of the full image that the camera delivers; all zero means the full image.
  public struct RegionOfInterest: Hashable, Sendable {
    public var xOffset = 0
    public var yOffset = 0
    public var height = 0
    public var width = 0
    public var doRectify = false

    public init() {}

    var isFullImage: Bool { xOffset == 0 && yOffset == 0 && height == 0 && width == 0 }
  }

  /// The full resolution that the numbers below refer to.
  public var imageSize: ImageSize
  public var cameraName = "unknown"
  /// K, row-major 3x3.
  public var cameraMatrix: [Double]
  public var distortionModel: DistortionModel
  /// D, in the order of `DistortionModel.coefficientNames`.
  public var distortionCoefficients: [Double]
  /// R, row-major 3x3.
  public var rectificationMatrix: [Double] = RigidTransform.identity.rotation
  /// P, row-major 3x4.
  public var projectionMatrix: [Double]
  /// Nil if the file does not say; 0 and 1 both mean none.
  public var binningX: Int?
  public var binningY: Int?
  public var regionOfInterest: RegionOfInterest?
  /// An addition to ROS's keys, which its readers pass over; nil if the file does not say.
  public var mount: CameraMount?
  /// Another addition: the robot's range sensors, seen from this camera.
  public var sensors: [RangeSensor] = []

  /// Describes a calibration as ROS would.
  public init(_ calibration: CameraCalibration) {
    let k = calibration.intrinsics
    let p = calibration.rectifiedIntrinsics
    imageSize = calibration.size
    cameraName = calibration.name
    cameraMatrix = [k.fx, 0, k.cx, 0, k.fy, k.cy, 0, 0, 1]
    (distortionModel, distortionCoefficients) = DistortionModel.parameters(of: calibration.distortion)
    rectificationMatrix = calibration.rectification
    projectionMatrix = [p.fx, 0, p.cx, 0, 0, p.fy, p.cy, 0, 0, 0, 1, 0]
    mount = calibration.mount
    sensors = calibration.sensors
  }

  init(
    imageSize: ImageSize, cameraMatrix: [Double], distortionModel: DistortionModel,
    distortionCoefficients: [Double]
  ) {
    self.imageSize = imageSize
    self.cameraMatrix = cameraMatrix
    self.distortionModel = distortionModel
    self.distortionCoefficients = distortionCoefficients
    let k = cameraMatrix
    projectionMatrix = [k[0], k[1], k[2], 0, k[3], k[4], k[5], 0, k[6], k[7], k[8], 0]
  }

  /// The calibration of the image that the camera delivers: region of interest and binning applied.
  public var calibration: CameraCalibration {
    let k = cameraMatrix
    let p = projectionMatrix
    var calibration = CameraCalibration(
      name: cameraName,
      intrinsics: delivered(CameraIntrinsics(fx: k[0], fy: k[4], cx: k[2], cy: k[5], size: imageSize)),
      distortion: distortionModel.distortion(distortionCoefficients),
      rectification: rectificationMatrix,
      rectifiedIntrinsics: delivered(
        CameraIntrinsics(fx: p[0], fy: p[5], cx: p[2], cy: p[6], size: imageSize)))
    calibration.mount = mount
    calibration.sensors = sensors
    return calibration
  }

  private func delivered(_ full: CameraIntrinsics) -> CameraIntrinsics {
    var intrinsics = full
    if let region = regionOfInterest, !region.isFullImage {
      intrinsics = intrinsics.cropped(
        x: region.xOffset, y: region.yOffset, to: ImageSize(width: region.width, height: region.height))
    }
    return intrinsics.scaled(
      to: ImageSize(
        width: intrinsics.size.width / max(1, binningX ?? 1),
        height: intrinsics.size.height / max(1, binningY ?? 1)))
  }
}
