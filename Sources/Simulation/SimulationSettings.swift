public import Geometry
public import Quantities

/// The worlds that can be simulated.
public enum SimulationWorld: String, CaseIterable, Sendable {
  /// Indoors: a corridor with doors, furniture, boxes and people.
  case corridor
  /// A street with parked and moving vehicles, often 3 to 10 m ahead, buildings, trees and pedestrians.
  case street
  /// An open yard with sheds, fences, barrels, piles, people and carts.
  case yard

  /// Height of the camera above the floor that suits the world's robot, metres.
  public var cameraHeightMeters: Double {
    switch self {
    case .corridor: 0.6
    case .street: 1.5
    case .yard: 0.8
    }
  }
}

/// What the simulated robot and its camera are like.
public struct SimulationSettings: Sendable {
  public var world: SimulationWorld
  public var seed: UInt64
  /// K, distortion and size of the images.
  public var calibration: CameraCalibration
  public var cameraHeightMeters: Double
  /// Camera pitch, radians, positive looking down.
  public var cameraPitchRadians: Double
  /// Camera position ahead of the robot's turning centre, metres.
  public var cameraForwardMeters = 0.0
  public var rateHz = 30.0
  public var odometryRateHz = 50.0
  public var odometryNoise = OdometryNoise()
  /// Standard deviation of the pixel noise, 8-bit steps.
  public var pixelNoise = 1.5
  /// Depth of slow exposure changes: 0 = constant exposure, 0.3 = plus or minus 30 %.
  public var exposureSwing = 0.15
  /// Relative depth of the brightness bands that lamps on mains power leave on a rolling shutter.
  public var lampFlicker = 0.0

  /// The default robot of a world, with an ideal lens.
  public init(
    world: SimulationWorld, seed: UInt64, calibration: CameraCalibration = Self.defaultCalibration()
  ) {
    self.world = world
    self.seed = seed
    self.calibration = calibration
    self.cameraHeightMeters = world.cameraHeightMeters
    self.cameraPitchRadians = 0
  }

  /// The calibration, with the place of the camera on the robot.
  public var mountedCalibration: CameraCalibration {
    var calibration = calibration
    calibration.mount = CameraMount(
      heightMeters: cameraHeightMeters, pitchRadians: cameraPitchRadians,
      leverArm: .init(forwardMeters: cameraForwardMeters))
    return calibration
  }

  /// A camera of `fx` pixels focal length with square pixels and its axis in the middle of the image.
  /// - Parameters:
  ///   - fx: focal length in pixels; nil = 420 for a width of 640, in proportion for other widths.
  ///   - distorted: bends the rays like a cheap wide lens (plumb_bob -0.28, 0.07, 0.0005, -0.0003, 0).
  public static func defaultCalibration(
    size: ImageSize = ImageSize(width: 640, height: 480), fx: Double? = nil, distorted: Bool = false
  ) -> CameraCalibration {
    let focal = fx ?? 420 * Double(size.width) / 640
    let intrinsics = CameraIntrinsics(
      fx: focal, fy: focal, cx: Double(size.width - 1) / 2, cy: Double(size.height - 1) / 2, size: size)
    let lens = LensDistortion.plumbBob(k1: -0.28, k2: 0.07, p1: 0.0005, p2: -0.0003, k3: 0)
    return CameraCalibration(
      name: "simulation", intrinsics: intrinsics, distortion: distorted ? lens : .none)
  }
}

/// How wheel odometry differs from the truth.
public struct OdometryNoise: Sendable {
  /// Standard deviation of speed, as a share of the speed.
  public var relativeSpeedSigma = 0.01
  /// Step of the encoder's speed reading, m/s.
  public var speedQuantum = 0.005
  /// Standard deviation of the yaw rate, rad/s.
  public var yawRateSigma = 0.003
  /// Step of the yaw rate reading, rad/s.
  public var yawRateQuantum = 0.001
  /// Probability that a slot of four seconds has a second of slipping wheels.
  public var slipProbability = 0.0
  /// Speed that slipping wheels add, as a share of the speed.
  public var slipGain = 0.5
  /// Constant error of the wheel radius: 0.02 = the odometry reads 2 % fast.
  public var wheelScaleError = 0.0

  public init() {}

  /// Odometry equal to the truth.
  public static var none: OdometryNoise {
    var noise = OdometryNoise()
    noise.relativeSpeedSigma = 0
    noise.speedQuantum = 0
    noise.yawRateSigma = 0
    noise.yawRateQuantum = 0
    return noise
  }
}
