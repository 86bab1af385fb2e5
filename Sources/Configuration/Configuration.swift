public import CANSignals
public import PriorFusion
public import Quantities

/// Everything `config.toml` says, checked, as one immutable value.
///
/// The values here are the defaults; what each key means, its unit, range and reload class stand once, in
/// `ConfigurationKey.all`. Paths are as written: relative to the folder of the configuration file.
public struct Configuration: Hashable, Sendable {
  /// The layout of the file that this program reads.
  public static let schemaVersion = 1

  public var schemaVersion = Configuration.schemaVersion
  public var camera = Camera()
  public var drive = Drive()
  public var simulation = Simulation()
  public var model = Model()
  public var priors = Priors()
  public var exchange = Exchange()
  public var preprocessing = Preprocessing()
  public var depth = Depth()
  public var scale = Scale()
  public var odometry = Odometry()
  public var sparse = Sparse()
  public var publish = Publish()
  public var state = State()
  public var reload = Reload()
  public var log = Log()

  public init() {}

  public struct Camera: Hashable, Sendable {
    public var name = "front"
    public var frameID = "front_optical"
    public var source = CameraSource.simulation(world: "street")
    public var width = 640
    public var height = 480
    public var rateHz = 30.0
    public var format = PixelFormatSetting.automatic
    /// Empty = what the source itself knows: recordings and the simulator do, live cameras do not.
    public var calibration = ""
    public var discardFirstFrames = 5
    public var timeOffsetMicroseconds = 0
    public var acceptAnyCamera = false
    /// V4L2 controls by name, set after every opening of the camera.
    public var controls: [String: Int] = [:]

    public var size: ImageSize { ImageSize(width: width, height: height) }
  }

  public struct Drive: Hashable, Sendable {
    public enum Pace: String, Sendable, CaseIterable {
      case realTime = "real_time"
      case asFastAsPossible = "as_fast_as_possible"
    }

    public var loop = false
    public var pace = Pace.realTime
  }

  public struct Simulation: Hashable, Sendable {
    public var seed = 1
    public var rateHz = 10.0
    public var distortion = false
    public var exposureChanges = true
    public var odometryNoise = true
    /// Of a simulated range sensor at the camera, each pattern of its own; all 0 = no range sensor.
    public var rangeBeams = 0
    public var rangePoints = 0
    public var rangeCorners = 0
    public var rangeHalfBlind = false
    public var rangeSigma = 0.005
    public var rangeOutliers = 0.003
  }

  public struct Model: Hashable, Sendable {
    public var path = "models/lite"
    public var inputSize = InputSizeSetting.automatic
    /// 0 = one for each core.
    public var threads = 0
    public var pinnedCores: [Int] = []
  }

  /// The references that the network looks up (docs/bundle.md, "The prior bank").
  public struct Priors: Hashable, Sendable {
    public var bank = PriorBankSetting.bundle
    public var search = PriorSearch.exact
  }

  /// When a new model may take the place of the running one.
  public struct Exchange: Hashable, Sendable {
    /// 0 = models are not compared.
    public var frames = 8
    public var minCorrelation = 0.7
    public var maxRatio = 1.5
    public var maxMoreUnknown = 0.2
    public var maxPeriodShare = 1.0
  }

  public struct Preprocessing: Hashable, Sendable {
    public enum Fit: String, Sendable, CaseIterable {
      case crop, stretch
    }

    public var fit = Fit.crop
    public var verticalOffset = 0.0
  }

  public struct Depth: Hashable, Sendable {
    public var minMeters = 0.1
    public var maxMeters = 80.0
    public var minConfidence = 0.0
    public var removeHoles = true
  }

  public struct Odometry: Hashable, Sendable {
    public var source = OdometrySource.camera
    public var maxAgeMilliseconds = 200
    public var timeOffsetMilliseconds = 0.0
    public var maxGapMilliseconds = 250
    public var maxSpeed = 60.0
    public var maxYawRate = 10.0
    public var maxAcceleration = 50.0
    public var speedSigma = 0.02
    public var encoderStepMeters = 0.005
    public var timeSigmaMilliseconds = 5.0
    public var can = CAN()
    public var wheels = Wheels()

    /// The signals of a CAN bus that say how the robot moves; nil = not used.
    public struct CAN: Hashable, Sendable {
      public var speed: CANSignal?
      public var yawRate: CANSignal?
      public var left: CANSignal?
      public var right: CANSignal?
    }

    /// The wheels whose speeds come from the bus; nil = not stated.
    public struct Wheels: Hashable, Sendable {
      public var leftRadiusMeters: Double?
      public var rightRadiusMeters: Double?
      public var trackMeters: Double?
      public var ticksPerRevolution: Double?
    }
  }

  public struct Publish: Hashable, Sendable {
    public var directory = DirectorySetting.automatic
    public var streamTCP = TCPEndpointSetting.none
    public var latestTCP = TCPEndpointSetting.none
    public var statusTCP = TCPEndpointSetting.none
    public var allowInsecure = false
    public var previewRateHz = 5.0
    public var previewRangeMeters = 20.0
    public var pointsRateHz = 5.0
    public var pointsDecimation = 4
    public var jpegQuality = 80
  }

  public struct State: Hashable, Sendable {
    public var directory = DirectorySetting.automatic
  }

  public struct Reload: Hashable, Sendable {
    public var watch = false
    public var debounceMilliseconds = 300
  }

  public struct Log: Hashable, Sendable {
    public enum Level: String, Sendable, CaseIterable {
      case trace, debug, info, notice, warning, error
    }

    public var level = Level.info
  }
}
