public import Quantities

/// What the daemon knows about the scale, and how it came to know it.
public struct ScaleAnswer: Codable, Equatable, Sendable {
  /// As consumers see it: metres per network unit, the spread of its logarithm, state and sources.
  public var value: Double
  public var sigma: Double
  public var state: String
  public var sources: [String]
  /// Seconds since an observation last confirmed it; nil when none has.
  public var ageSeconds: Double?
  /// How far to locked, 0 to 100.
  public var progressPercent: Int
  /// Why it gets no better; nil while it does, or when nothing is missing.
  public var reason: String?
  /// The filter's own value, which the consumers' follows slowly, and its own spread.
  public var filterValue: Double?
  public var filterSigma: Double?
  public var accepted: UInt64?
  public var outliers: UInt64?
  public var restarts: UInt64?
  public var slips: UInt64?
  public var isStanding: Bool?
  /// Since the last accepted observation, metres.
  public var travelledMeters: Double?
  public var observers: [Observer]?
  /// The camera's height by images and odometry; nil when nobody has looked.
  public var height: Height?

  /// How the camera sits, measured by images and odometry without the network's depth.
  public struct Height: Codable, Equatable, Sendable {
    public var configuredMeters: Double
    /// Nil while too little was seen.
    public var meters: Double?
    /// Standard deviation of its logarithm.
    public var sigma: Double?
    /// Degrees: positive looks down, and right side lower.
    public var pitchDegrees: Double?
    public var rollDegrees: Double?
    /// `agree`, `warn` or `conflict` with the configured height.
    public var verdict: String
    public var passed: UInt64
    public var rejected: UInt64
    /// Why the newest look was not used.
    public var reason: String?

    public init(configuredMeters: Double, verdict: String, passed: UInt64, rejected: UInt64) {
      self.configuredMeters = configuredMeters
      self.verdict = verdict
      self.passed = passed
      self.rejected = rejected
    }

    private enum CodingKeys: String, CodingKey {
      case sigma, verdict, passed, rejected, reason
      case configuredMeters = "configured_m"
      case meters = "m"
      case pitchDegrees = "pitch_deg"
      case rollDegrees = "roll_deg"
    }
  }

  /// One way of observing the scale.
  public struct Observer: Codable, Equatable, Sendable {
    public var source: String
    /// What it says lately; nil while it has said nothing.
    public var value: Double?
    public var sigma: Double?
    /// `agree`, `warn` or `conflict` with the value in use; `none` of a source that cannot speak, with its reason.
    public var verdict: String
    public var passed: UInt64
    public var rejected: UInt64
    /// Why its newest observation was not used.
    public var reason: String?
    public var ageSeconds: Double?

    public init(source: String, verdict: String, passed: UInt64, rejected: UInt64) {
      self.source = source
      self.verdict = verdict
      self.passed = passed
      self.rejected = rejected
    }

    private enum CodingKeys: String, CodingKey {
      case source, value, sigma, verdict, passed, rejected, reason
      case ageSeconds = "age_s"
    }
  }

  public init(_ estimate: ScaleEstimate) {
    value = estimate.value
    sigma = estimate.logSigma
    state = estimate.state.rawValue
    sources = estimate.sources.names
    progressPercent = estimate.isMetric ? 100 : 0
  }

  private enum CodingKeys: String, CodingKey {
    case value, sigma, state, sources, reason, accepted, outliers, restarts, slips, observers, height
    case ageSeconds = "age_s"
    case progressPercent = "progress_percent"
    case filterValue = "filter_value"
    case filterSigma = "filter_sigma"
    case isStanding = "standing"
    case travelledMeters = "travelled_m"
  }
}

/// `scale`: the scale in use.
public struct ScaleRequest: ControlRequest {
  public typealias Answer = ScaleAnswer
  public static let name = "scale"

  public init() {}
}

/// `scale.set`: a person has measured the scale. It is metres from now on, and improved by what is observed.
public struct ScaleSetRequest: ControlRequest {
  public typealias Answer = ScaleAnswer
  public static let name = "scale.set"
  /// Metres per network unit.
  public var value: Double
  /// Standard deviation of its logarithm; nil = 0.05.
  public var sigma: Double?

  public init(value: Double, sigma: Double? = nil) {
    self.value = value
    self.sigma = sigma
  }
}

/// `scale.reset`: forget what has been learned, on disk too.
public struct ScaleResetRequest: ControlRequest {
  public typealias Answer = ScaleAnswer
  public static let name = "scale.reset"

  public init() {}
}

/// `scale.history`: how the scale came to be what it is, oldest first.
public struct ScaleHistoryRequest: ControlRequest {
  public static let name = "scale.history"

  public struct Answer: Codable, Equatable, Sendable {
    public var entries: [Entry]

    public init(entries: [Entry]) {
      self.entries = entries
    }
  }

  /// A change of state, or where the scale stood after another minute.
  public struct Entry: Codable, Equatable, Sendable {
    /// Seconds since 1970.
    public var time: Double
    public var value: Double
    public var sigma: Double
    public var state: String
    public var sources: [String]
    public var reason: String?

    public init(time: Double, estimate: ScaleEstimate, reason: String?) {
      self.time = time
      value = estimate.value
      sigma = estimate.logSigma
      state = estimate.state.rawValue
      sources = estimate.sources.names
      self.reason = reason
    }
  }

  /// How many; nil = all that are kept.
  public var count: Int?

  public init(count: Int? = nil) {
    self.count = count
  }
}
