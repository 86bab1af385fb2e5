/// Everything the daemon publishes, one row each: the table that code, tests and docs/wire.md follow.
public enum TopicKind: String, CaseIterable, Sendable {
  /// Depth in metres; silent unless the scale may be called metric.
  case depth
  /// Depth in the network's own unit; always there.
  case unscaled
  /// Depth in whole millimetres, 0 = unknown; silent unless the scale may be called metric.
  case depth16
  /// How far to trust each pixel, 0 (not at all) to 255.
  case confidence
  /// The captured frame.
  case image
  /// Colour-mapped depth with a legend, for people.
  case preview
  /// One 3-D point per pixel, metres; silent unless the scale may be called metric.
  case points
  /// True depth, from sources that know it (simulation, recordings), metres.
  case truth

  /// What runs: version, cameras, topics, model. Sent again to each new subscriber.
  case info
  /// Camera calibration. Sent again to each new subscriber.
  case calib
  /// State of each camera's path, about once a second.
  case health
  /// Something happened: camera lost, scale locked, configuration reloaded.
  case event
  /// The odometry the daemon used.
  case odometry

  /// Which endpoints carry the topic.
  public enum Channel: Sendable {
    /// `stream` and `latest`; names start with the camera.
    case frames
    /// `status`; names stand alone.
    case status
  }

  public var channel: Channel {
    switch self {
    case .depth, .unscaled, .depth16, .confidence, .image, .preview, .points, .truth: .frames
    case .info, .calib, .health, .event, .odometry: .status
    }
  }

  /// How the payload is coded; nil for status topics, which are JSON alone.
  public var encoding: PayloadEncoding? {
    switch self {
    case .depth, .unscaled, .truth: .float32
    case .depth16: .uint16
    case .confidence: .uint8
    case .image, .preview: .jpeg
    case .points: .pointsXYZ
    case .info, .calib, .health, .event, .odometry: nil
    }
  }

  /// What one unit of the payload's numbers is.
  public var unit: PayloadUnit? {
    switch self {
    case .depth, .points, .truth: .meters
    case .unscaled: .network
    case .depth16: .millimeters
    case .confidence: .ratio255
    case .image, .preview, .info, .calib, .health, .event, .odometry: nil
    }
  }

  /// Whether the topic stays silent until depth may be called metres.
  public var needsMetricScale: Bool {
    switch self {
    case .depth, .depth16, .points: true
    default: false
    }
  }

  /// Whether the payload is made only while somebody subscribes (depth itself is always at hand).
  public var isComputedOnDemand: Bool {
    switch self {
    case .depth16, .confidence, .image, .preview, .points, .truth: true
    default: false
    }
  }

  /// Whether the last message is sent again to every new subscriber.
  public var isSentToNewSubscribers: Bool {
    self == .info || self == .calib
  }
}

/// How the numbers of a payload are stored.
///
/// Raw values are the wire's words (REP 118 for images).
public enum PayloadEncoding: String, CaseIterable, Codable, Sendable {
  /// IEEE float, little-endian, row by row without padding; NaN = unknown, +Inf = beyond range.
  case float32 = "32FC1"
  /// Unsigned 16-bit, little-endian, row by row without padding; 0 = unknown.
  case uint16 = "16UC1"
  /// Unsigned 8-bit, row by row without padding.
  case uint8 = "8UC1"
  case jpeg
  /// Organised cloud: float32 x, y, z and four bytes of padding for each pixel.
  case pointsXYZ = "xyz"
  /// Organised cloud: float32 x, y, z, padding, packed colour, padding to 32 bytes for each pixel.
  case pointsXYZRGB = "xyzrgb"

  /// Bytes of one pixel; nil where the payload is compressed.
  public var bytesPerPixel: Int? {
    switch self {
    case .float32: 4
    case .uint16: 2
    case .uint8: 1
    case .jpeg: nil
    case .pointsXYZ: 16
    case .pointsXYZRGB: 32
    }
  }
}

/// What a payload's numbers measure.
public enum PayloadUnit: String, CaseIterable, Codable, Sendable {
  case meters = "m"
  case millimeters = "mm"
  /// The network's own unit: proportional to metres within one frame, by an unknown factor.
  case network
  /// 255 = full trust.
  case ratio255 = "1/255"
}
