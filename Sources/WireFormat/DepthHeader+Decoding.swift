import Geometry
import Quantities

/// Reading, for clients: unknown fields are ignored, missing ones are unknown.
extension DepthHeader: Decodable {
  private enum Key: String, CodingKey {
    case v, topic, seq, frame, stamp, mono, clock, width, height, encoding, unit, range, generation, model
    case priors, scale, odom, mode, timing, drops, degraded, conf
    case intrinsics = "K"
    case bootID = "boot_id"
    case sourceTime = "source_time_s"
    case calibrationID = "calib_id"
    case validRatio = "valid_ratio"
    case holeShare = "holes"
    case clampedPixels = "clamped_px"
    case sparsePoints = "sparse_points"
    case sparseAge = "sparse_age_ms"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    let version = try fields.decode(Int.self, forKey: .v)
    guard version == Self.version else {
      throw WireFormatError.malformedFrame(
        reason: "wire version \(version), this reader knows \(Self.version)")
    }
    let size = ImageSize(
      width: try fields.decode(Int.self, forKey: .width), height: try fields.decode(Int.self, forKey: .height)
    )
    guard (1...65_535).contains(size.width), (1...65_535).contains(size.height) else {
      throw WireFormatError.malformedFrame(reason: "impossible image size \(size)")
    }
    let topic = try Topic(parsing: try fields.decode(String.self, forKey: .topic))
    guard topic.kind.channel == .frames else { throw WireFormatError.unknownTopic(topic.name) }
    self.init(topic: topic, frameID: try fields.decode(String.self, forKey: .frame), size: size)
    sequence = try fields.decode(UInt64.self, forKey: .seq)
    stamp = try fields.decodeIfPresent(WireTime.self, forKey: .stamp).map {
      WallTime(nanoseconds: $0.nanoseconds)
    }
    captureTime = MonotonicTime(nanoseconds: try fields.decode(WireTime.self, forKey: .mono).nanoseconds)
    bootID = try fields.decodeIfPresent(String.self, forKey: .bootID)
    clock = try fields.decodeIfPresent(Clock.self, forKey: .clock)
    sourceTimeSeconds = try fields.decodeIfPresent(Double.self, forKey: .sourceTime)
    encoding = try fields.decode(PayloadEncoding.self, forKey: .encoding)
    unit = try fields.decodeIfPresent(PayloadUnit.self, forKey: .unit)
    range = try fields.decodeIfPresent([Double].self, forKey: .range).flatMap(Range.init)
    try readIntrinsics(try fields.decodeIfPresent([Double].self, forKey: .intrinsics))
    calibrationID = try fields.decodeIfPresent(String.self, forKey: .calibrationID)
    generation = try fields.decodeIfPresent(UInt64.self, forKey: .generation)
    model = try fields.decodeIfPresent(Model.self, forKey: .model)
    validRatio = try fields.decodeIfPresent(Double.self, forKey: .validRatio)
    holeShare = try fields.decodeIfPresent(Double.self, forKey: .holeShare)
    clampedPixels = try fields.decodeIfPresent(Int.self, forKey: .clampedPixels)
    confidence = try fields.decodeIfPresent(Confidence.self, forKey: .conf)
    retrieval = try fields.decodeIfPresent(Retrieval.self, forKey: .priors)
    scale = try fields.decodeIfPresent(Scale.self, forKey: .scale)
    odometry = try fields.decodeIfPresent(Odometry.self, forKey: .odom)
    mode = try fields.decodeIfPresent(String.self, forKey: .mode).flatMap(Mode.init(rawValue:))
    sparsePoints = try fields.decodeIfPresent(Int.self, forKey: .sparsePoints)
    sparseAgeMilliseconds = try fields.decodeIfPresent(Double.self, forKey: .sparseAge)
    timing = try fields.decodeIfPresent(Timing.self, forKey: .timing)
    drops = try fields.decodeIfPresent(Drops.self, forKey: .drops)
    degraded = try fields.decodeIfPresent(Degradations.self, forKey: .degraded) ?? []
  }

  private mutating func readIntrinsics(_ numbers: [Double]?) throws {
    guard let numbers else { return }
    guard numbers.count == 4 else {
      throw WireFormatError.malformedFrame(reason: "K has \(numbers.count) numbers, not 4")
    }
    intrinsics = CameraIntrinsics(
      fx: numbers[0], fy: numbers[1], cx: numbers[2], cy: numbers[3], size: size)
  }
}

/// `{"sec":…,"nsec":…}`.
struct WireTime: Decodable {
  let nanoseconds: Int64

  private enum Key: String, CodingKey { case sec, nsec }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    let seconds = try fields.decode(Int64.self, forKey: .sec)
    let rest = try fields.decode(Int64.self, forKey: .nsec)
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow, (0..<1_000_000_000).contains(rest), scaled <= Int64.max - rest else {
      throw WireFormatError.malformedFrame(reason: "impossible time \(seconds) s + \(rest) ns")
    }
    nanoseconds = scaled + rest
  }
}

extension DepthHeader.Range {
  fileprivate init?(_ numbers: [Double]) {
    guard numbers.count == 2 else { return nil }
    self.init(minimum: numbers[0], maximum: numbers[1])
  }
}

extension DepthHeader.Scale: Decodable {
  private enum Key: String, CodingKey {
    case value, sigma, state, sources
    case age = "age_s"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    let word = try fields.decode(String.self, forKey: .state)
    // A state from a newer daemon must never be mistaken for a metric one.
    self.init(
      value: try fields.decodeIfPresent(Double.self, forKey: .value),
      logSigma: try fields.decodeIfPresent(Double.self, forKey: .sigma),
      state: ScaleEstimate.State(rawValue: word) ?? .unscaled,
      sources: try fields.decodeIfPresent(ScaleSources.self, forKey: .sources) ?? [],
      ageSeconds: try fields.decodeIfPresent(Double.self, forKey: .age))
  }
}
