public import Quantities

extension DepthHeader {
  /// How the two clocks related when the frame was captured.
  public struct Clock: Equatable, Sendable, Decodable {
    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds.
    public var offsetNanoseconds: Int64?
    /// Steps of the real-time clock seen since the daemon started.
    public var steps: UInt64?
    /// What the capture time marks: start_of_exposure, end_of_frame, receive or recorded.
    public var source: String?

    public init(offsetNanoseconds: Int64? = nil, steps: UInt64? = nil, source: String? = nil) {
      self.offsetNanoseconds = offsetNanoseconds
      self.steps = steps
      self.source = source
    }

    private enum CodingKeys: String, CodingKey {
      case offsetNanoseconds = "offset_ns"
      case steps, source
    }
  }

  public struct Range: Equatable, Sendable {
    public var minimum: Double
    public var maximum: Double

    public init(minimum: Double, maximum: Double) {
      self.minimum = minimum
      self.maximum = maximum
    }
  }

  public struct Model: Equatable, Sendable, Decodable {
    public var name: String
    /// SHA-256 of the bundle, hexadecimal, possibly shortened.
    public var hash: String?
    /// Id of the prior bank that was fused; nil = the plain network.
    public var bank: String?

    public init(name: String, hash: String?, bank: String? = nil) {
      self.name = name
      self.hash = hash
      self.bank = bank
    }

    func encode(_ key: StaticString, into writer: inout ByteWriter) {
      writer.beginObject(key)
      writer.field("name", name)
      writer.field("hash", hash)
      writer.field("bank", bank)
      writer.endObject()
    }
  }

  /// Confidence over the valid pixels, 0 to 1.
  public struct Confidence: Equatable, Sendable, Decodable {
    public var mean: Double?
    /// One pixel in ten is worse than this.
    public var tenthPercentile: Double?

    public init(mean: Double?, tenthPercentile: Double?) {
      self.mean = mean
      self.tenthPercentile = tenthPercentile
    }

    private enum CodingKeys: String, CodingKey {
      case mean
      case tenthPercentile = "p10"
    }
  }

  /// What looking up the prior bank says of the frame: means over it.
  public struct Retrieval: Equatable, Sendable, Decodable {
    /// Of the weights over the references, 0 to 1: 0 = one reference answers, 1 = all alike.
    public var entropy: Double?
    /// Standard deviation of ln disparity among the references that answer.
    public var spread: Double?
    /// The largest affinity.
    public var best: Double?
    /// How unlike the bank's domain frames have been: 1 = as the outermost of a hundred of its own; nil = not known.
    public var distance: Double?

    public init(entropy: Double?, spread: Double?, best: Double?, distance: Double?) {
      self.entropy = entropy
      self.spread = spread
      self.best = best
      self.distance = distance
    }
  }

  /// Metres per network unit and what it rests on.
  public struct Scale: Equatable, Sendable {
    public var value: Double?
    /// Standard deviation of log(value).
    public var logSigma: Double?
    public var state: ScaleEstimate.State
    public var sources: ScaleSources
    /// Seconds since an observation last confirmed the value.
    public var ageSeconds: Double?

    public init(
      value: Double?, logSigma: Double?, state: ScaleEstimate.State, sources: ScaleSources,
      ageSeconds: Double? = nil
    ) {
      self.value = value
      self.logSigma = logSigma
      self.state = state
      self.sources = sources
      self.ageSeconds = ageSeconds
    }

    public init(_ estimate: ScaleEstimate, ageSeconds: Double? = nil) {
      self.init(
        value: estimate.value, logSigma: estimate.logSigma, state: estimate.state,
        sources: estimate.sources, ageSeconds: ageSeconds)
    }
  }

  /// The odometry nearest to the capture.
  public struct Odometry: Equatable, Sendable, Decodable {
    /// Forward, m/s.
    public var speedMetersPerSecond: Double
    /// Positive turning left, rad/s.
    public var yawRateRadiansPerSecond: Double
    public var ageMilliseconds: Double?

    public init(
      speedMetersPerSecond: Double, yawRateRadiansPerSecond: Double, ageMilliseconds: Double?
    ) {
      self.speedMetersPerSecond = speedMetersPerSecond
      self.yawRateRadiansPerSecond = yawRateRadiansPerSecond
      self.ageMilliseconds = ageMilliseconds
    }

    private enum CodingKeys: String, CodingKey {
      case speedMetersPerSecond = "v"
      case yawRateRadiansPerSecond = "wz"
      case ageMilliseconds = "age_ms"
    }
  }

  /// Whether range points took part.
  public enum Mode: String, Codable, Sendable {
    case prediction, completion
  }

  /// Where this frame's time went, milliseconds unless named otherwise.
  public struct Timing: Equatable, Sendable, Decodable {
    public var exposureMicroseconds: Double?
    /// Capture to the start of processing.
    public var wait: Double?
    public var decode: Double?
    /// Rectification and resizing.
    public var rectify: Double?
    public var infer: Double?
    /// Scale, confidence, encoding.
    public var post: Double?
    /// Capture to hand-over to ZeroMQ.
    public var total: Double?

    public init() {}

    private enum CodingKeys: String, CodingKey {
      case exposureMicroseconds = "exposure_us"
      case wait = "wait_ms"
      case decode = "decode_ms"
      case rectify = "rectify_ms"
      case infer = "infer_ms"
      case post = "post_ms"
      case total = "total_ms"
    }
  }

  /// Frames lost since the daemon started.
  public struct Drops: Equatable, Sendable, Decodable {
    /// Lost by the camera, its driver or as broken.
    public var camera: UInt64
    /// Displaced by a newer frame before processing.
    public var pipeline: UInt64

    public init(camera: UInt64, pipeline: UInt64) {
      self.camera = camera
      self.pipeline = pipeline
    }
  }
}
