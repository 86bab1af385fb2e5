public import Quantities

/// How one camera's path is doing, about once a second.
public struct HealthMessage: StatusMessage, Equatable {
  public static let kind = TopicKind.health

  public enum Verdict: String, Codable, Sendable {
    /// Depth flows at the intended rate.
    case ok
    /// Depth flows, with the reasons given.
    case degraded
    /// No depth; `reason` says why.
    case down
  }

  /// How one part of the daemon is, as one of `HealthComponent`'s words.
  public struct Component: Equatable, Sendable {
    /// `camera`, `calibration`, `decode`, `model`, `bank`, `odometry`, `scale`, `sparse`, `publish`, `clock`, `disk`,
    /// `temperature`.
    public var name: String
    /// `ok`, `off`, `warning`, `stale`, `error`.
    public var level: String
    /// One of the words of docs/codes.md.
    public var code: String
    /// One sentence for a person.
    public var text: String
    /// What to do; nil when nothing is to be done.
    public var remedy: String?

    public init(name: String, level: String, code: String, text: String, remedy: String? = nil) {
      self.name = name
      self.level = level
      self.code = code
      self.text = text
      self.remedy = remedy
    }
  }

  public var camera: String
  public var stamp: WallTime?
  public var time = MonotonicTime(nanoseconds: 0)
  public var bootID: String?
  public var verdict: Verdict
  /// One sentence for a person; nil when all is well.
  public var reason: String?
  public var degraded: Degradations = []
  /// Published frames per second, measured.
  public var rateHz: Double?
  public var nominalRateHz: Double?
  /// Capture to publish, milliseconds.
  public var latencyMedianMilliseconds: Double?
  public var latencyP99Milliseconds: Double?
  /// Frames published since the daemon started.
  public var frames: UInt64?
  public var drops: DepthHeader.Drops?
  public var scale: DepthHeader.Scale?
  public var generation: UInt64?
  public var uptimeSeconds: Double?
  public var components: [Component] = []

  public init(camera: String, verdict: Verdict) {
    self.camera = camera
    self.verdict = verdict
  }

  public func encodeFields(into writer: inout ByteWriter) {
    writer.field("camera", camera)
    writer.field("stamp", stamp)
    writer.field("mono", time)
    writer.field("boot_id", bootID)
    writer.field("verdict", verdict.rawValue)
    writer.field("reason", reason)
    degraded.encode("degraded", into: &writer)
    writer.field("rate_hz", rateHz)
    writer.field("nominal_rate_hz", nominalRateHz)
    if latencyMedianMilliseconds != nil || latencyP99Milliseconds != nil {
      writer.beginObject("latency")
      writer.field("p50_ms", latencyMedianMilliseconds)
      writer.field("p99_ms", latencyP99Milliseconds)
      writer.endObject()
    }
    writer.field("frames", frames)
    if let drops {
      writer.beginObject("drops")
      writer.field("camera", drops.camera)
      writer.field("pipeline", drops.pipeline)
      writer.endObject()
    }
    scale?.encode("scale", into: &writer)
    writer.field("generation", generation)
    writer.field("uptime_s", uptimeSeconds)
    guard !components.isEmpty else { return }
    writer.beginArray("components")
    for component in components {
      writer.beginObject()
      writer.field("name", component.name)
      writer.field("level", component.level)
      writer.field("code", component.code)
      writer.field("text", component.text)
      writer.field("remedy", component.remedy)
      writer.endObject()
    }
    writer.endArray()
  }
}

extension HealthMessage.Component: Decodable {}

extension HealthMessage: Decodable {
  private enum Key: String, CodingKey {
    case camera, stamp, mono, verdict, reason, degraded, latency, frames, drops, scale, generation, components
    case bootID = "boot_id"
    case rate = "rate_hz"
    case nominalRate = "nominal_rate_hz"
    case uptime = "uptime_s"
  }

  private struct Latency: Decodable {
    var p50_ms: Double?
    var p99_ms: Double?
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    self.init(
      camera: try fields.decode(String.self, forKey: .camera),
      verdict: try fields.decode(Verdict.self, forKey: .verdict))
    stamp = try fields.decodeIfPresent(WireTime.self, forKey: .stamp).map {
      WallTime(nanoseconds: $0.nanoseconds)
    }
    time = MonotonicTime(nanoseconds: try fields.decode(WireTime.self, forKey: .mono).nanoseconds)
    bootID = try fields.decodeIfPresent(String.self, forKey: .bootID)
    reason = try fields.decodeIfPresent(String.self, forKey: .reason)
    degraded = try fields.decodeIfPresent(Degradations.self, forKey: .degraded) ?? []
    rateHz = try fields.decodeIfPresent(Double.self, forKey: .rate)
    nominalRateHz = try fields.decodeIfPresent(Double.self, forKey: .nominalRate)
    let latency = try fields.decodeIfPresent(Latency.self, forKey: .latency)
    latencyMedianMilliseconds = latency?.p50_ms
    latencyP99Milliseconds = latency?.p99_ms
    frames = try fields.decodeIfPresent(UInt64.self, forKey: .frames)
    drops = try fields.decodeIfPresent(DepthHeader.Drops.self, forKey: .drops)
    scale = try fields.decodeIfPresent(DepthHeader.Scale.self, forKey: .scale)
    generation = try fields.decodeIfPresent(UInt64.self, forKey: .generation)
    uptimeSeconds = try fields.decodeIfPresent(Double.self, forKey: .uptime)
    components = try fields.decodeIfPresent([Component].self, forKey: .components) ?? []
  }
}
