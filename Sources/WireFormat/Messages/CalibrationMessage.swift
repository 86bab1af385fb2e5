public import Geometry
import Quantities

/// One camera's calibration in the terms of ROS `sensor_msgs/CameraInfo`: `K` and `D` describe the raw image,
/// `P` the rectified one that depth is published on.
public struct CalibrationMessage: StatusMessage, Equatable, Decodable {
  public static let kind = TopicKind.calib

  public var camera: String
  public var frameID: String?
  public var calibrationID: String?
  public var width: Int
  public var height: Int
  public var distortionModel: String
  public var distortion: [Double]
  /// Row-major 3x3.
  public var cameraMatrix: [Double]
  /// Row-major 3x3.
  public var rectificationMatrix: [Double]
  /// Row-major 3x4.
  public var projectionMatrix: [Double]
  /// How the camera sits above the ground; nil when that is not known.
  public var mount: Mount?

  /// Lengths in metres; angles in degrees, pitch positive looking down, roll positive with the right side lower, yaw
  /// positive looking to the left.
  public struct Mount: Equatable, Sendable, Decodable {
    public var heightMeters: Double
    public var pitchDegrees: Double
    public var rollDegrees: Double
    /// Nil in messages of daemons that do not know of it: straight ahead.
    public var yawDegrees: Double?
    /// From the point whose motion odometry reports to the lens; nil = not stated.
    public var forwardMeters: Double?
    public var leftMeters: Double?

    public init(heightMeters: Double, pitchDegrees: Double, rollDegrees: Double, yawDegrees: Double? = nil) {
      self.heightMeters = heightMeters
      self.pitchDegrees = pitchDegrees
      self.rollDegrees = rollDegrees
      self.yawDegrees = yawDegrees
    }

    private enum CodingKeys: String, CodingKey {
      case heightMeters = "height_m"
      case pitchDegrees = "pitch_deg"
      case rollDegrees = "roll_deg"
      case yawDegrees = "yaw_deg"
      case forwardMeters = "forward_m"
      case leftMeters = "left_m"
    }
  }

  public init(
    camera: String, frameID: String?, calibrationID: String?, calibration: CameraCalibration
  ) {
    self.camera = camera
    self.frameID = frameID
    self.calibrationID = calibrationID
    width = calibration.size.width
    height = calibration.size.height
    (distortionModel, distortion) = calibration.distortion.rosForm
    let k = calibration.intrinsics
    cameraMatrix = [k.fx, 0, k.cx, 0, k.fy, k.cy, 0, 0, 1]
    rectificationMatrix = calibration.rectification
    let p = calibration.rectifiedIntrinsics
    projectionMatrix = [p.fx, 0, p.cx, 0, 0, p.fy, p.cy, 0, 0, 0, 1, 0]
    mount = calibration.mount.map(Mount.init)
  }

  private enum CodingKeys: String, CodingKey {
    case camera, width, height, mount
    case frameID = "frame"
    case calibrationID = "calib_id"
    case distortionModel = "distortion_model"
    case distortion = "D"
    case cameraMatrix = "K"
    case rectificationMatrix = "R"
    case projectionMatrix = "P"
  }

  public func encodeFields(into writer: inout ByteWriter) {
    writer.field("camera", camera)
    writer.field("frame", frameID)
    writer.field("calib_id", calibrationID)
    writer.field("width", width)
    writer.field("height", height)
    writer.field("distortion_model", distortionModel)
    writer.field("D", distortion)
    writer.field("K", cameraMatrix)
    writer.field("R", rectificationMatrix)
    writer.field("P", projectionMatrix)
    guard let mount else { return }
    writer.beginObject("mount")
    writer.field("height_m", mount.heightMeters)
    writer.field("pitch_deg", mount.pitchDegrees)
    writer.field("roll_deg", mount.rollDegrees)
    writer.field("yaw_deg", mount.yawDegrees)
    writer.field("forward_m", mount.forwardMeters)
    writer.field("left_m", mount.leftMeters)
    writer.endObject()
  }
}

extension CalibrationMessage.Mount {
  init(_ mount: CameraMount) {
    self.init(
      heightMeters: mount.heightMeters, pitchDegrees: mount.pitchRadians * 180 / .pi,
      rollDegrees: mount.rollRadians * 180 / .pi, yawDegrees: mount.yawRadians * 180 / .pi)
    forwardMeters = mount.leverArm?.forwardMeters
    leftMeters = mount.leverArm?.leftMeters
  }
}

extension LensDistortion {
  /// ROS's name and coefficient order; no distortion is `plumb_bob` with zeros.
  fileprivate var rosForm: (model: String, coefficients: [Double]) {
    switch self {
    case .none: ("plumb_bob", [0, 0, 0, 0, 0])
    case .plumbBob(let k1, let k2, let p1, let p2, let k3): ("plumb_bob", [k1, k2, p1, p2, k3])
    case .rationalPolynomial(let k1, let k2, let p1, let p2, let k3, let k4, let k5, let k6):
      ("rational_polynomial", [k1, k2, p1, p2, k3, k4, k5, k6])
    case .equidistant(let k1, let k2, let k3, let k4): ("equidistant", [k1, k2, k3, k4])
    }
  }
}
