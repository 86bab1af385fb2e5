public import Preprocessing
public import PriorFusion
public import Quantities
public import Scale

/// Everything a pipeline is told by the configuration.
public struct PipelineSettings: Sendable {
  /// Prefix of every topic, and the frame the pixels live in.
  public var cameraName = "front"
  public var frameID = "front_optical"
  /// Nil lets the model choose among its trained sizes.
  public var inputSize: ImageSize?
  public var fit = ImageFit.crop
  public var verticalOffset = 0.0
  /// Depth outside is not a measurement, metres: nearer becomes NaN, farther +Inf.
  public var nearestMeters = 0.1
  public var farthestMeters = 80.0
  /// Pixels trusted less than this become NaN, 0...1.
  public var minimumConfidence = 0.0
  /// Whether depth far below the ground becomes NaN.
  public var removesHoles = true
  /// Metres per unit of network depth, measured by whoever configured it; makes the metric topics speak.
  public var scaleConstant: ScaleEstimate?
  /// How the scale is learned when there is no constant.
  public var scale = ScaleSettings()
  /// What looks for it, and how often.
  public var scaleObservers = ScaleObserver.Settings()
  /// How range points are used.
  public var ranges = RangeSettings()
  /// Which camera it is, for what is learned with it: its name and where its frames come from.
  public var cameraIdentity = ""
  /// How the network finds the references of its prior bank.
  public var priorSearch = PriorSearch.exact
  /// Whether the model runs without the prior bank that it is to have.
  public var lacksPriors = false
  public var generation: UInt64 = 0
  public var previewIntervalNanoseconds: Int64 = 100_000_000
  public var previewRangeMeters = 20.0
  public var pointsIntervalNanoseconds: Int64 = 200_000_000
  public var pointsDecimation = 1
  public var jpegQuality = 85
  public var bootID: String?
  public var calibrationID: String?

  public init() {}
}
