public import PriorFusion
public import Quantities

/// What the rest of the daemon knows at the moment a frame is processed.
public struct FrameContext: Sendable {
  /// Odometry closest before the capture, if any is young enough.
  public var odometry: OdometrySample?
  /// Whether odometry is expected, so that its absence is worth saying.
  public var expectsOdometry = false
  /// Whether range points are expected and none are there for this frame.
  public var lacksPoints = false
  /// Frames lost before the network, since the daemon started.
  public var droppedByCamera: UInt64 = 0
  public var droppedByPipeline: UInt64 = 0
  /// CLOCK_REALTIME minus CLOCK_MONOTONIC now, nanoseconds, and how often it has stepped.
  public var wallOffsetNanoseconds: Int64 = 0
  public var clockSteps: UInt64 = 0

  /// The scale as learned so far; nil when nothing is being learned.
  public var scale: ScaleEstimate?

  public init() {}
}

/// What became of one frame.
public struct FrameReport: Equatable, Sendable {
  public var timings = StageTimings()
  /// Processor time of the calling thread in the network: what it costs on a busy machine too, where its stage of
  /// `timings` counts the waiting for a core as well.
  public var networkProcessorNanoseconds: Int64 = 0
  /// Share of pixels with a finite depth.
  public var validRatio = 0.0
  /// Mean confidence over valid pixels; nil when the model estimates none.
  public var meanConfidence: Double?
  /// What the prior bank said of the frame; nil without one.
  public var retrieval: RetrievalMeans?
  /// How unlike the bank's domain frames have been (`DomainWatch`), and whether too much so; nil when nothing tells.
  public var domainDistance: Double?
  public var isOutOfDomain: Bool?
  /// Share of pixels in holes, NaN for that reason; nil when nobody looks for them.
  public var holeShare: Double?
  public var scale: ScaleEstimate
  public var ranges = RangeReport()
  /// Pictures for people (image, preview) that could not be encoded, since the pipeline was built.
  public var failedPictures: UInt64 = 0

  public init(scale: ScaleEstimate) {
    self.scale = scale
  }
}
