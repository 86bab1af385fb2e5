/// How a new model did beside the running one, on the same live frames.
public struct ModelComparison: Codable, Equatable, Sendable {
  public var frames: Int
  /// Of log depth, pixel by pixel: 1 = the same scene up to a power of depth. Median over the frames.
  public var logCorrelation: Double
  /// New depth by old depth, both in metres as far as the scale is right; median over pixels, then frames.
  public var depthRatio: Double
  /// Share of pixels without a finite depth.
  public var unknownOld: Double
  public var unknownNew: Double
  /// Time of the network for one frame, milliseconds: as measured in the running one, and estimated for the new
  /// one from its processor time and the number of threads.
  public var inferOldMilliseconds: Double
  public var inferNewMilliseconds: Double

  public init(
    frames: Int, logCorrelation: Double, depthRatio: Double, unknownOld: Double, unknownNew: Double,
    inferOldMilliseconds: Double, inferNewMilliseconds: Double
  ) {
    self.frames = frames
    self.logCorrelation = logCorrelation
    self.depthRatio = depthRatio
    self.unknownOld = unknownOld
    self.unknownNew = unknownNew
    self.inferOldMilliseconds = inferOldMilliseconds
    self.inferNewMilliseconds = inferNewMilliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case frames
    case logCorrelation = "log_correlation"
    case depthRatio = "depth_ratio"
    case unknownOld = "unknown_old"
    case unknownNew = "unknown_new"
    case inferOldMilliseconds = "infer_old_ms"
    case inferNewMilliseconds = "infer_new_ms"
  }
}

extension ModelComparison: CustomStringConvertible {
  public var description: String {
    "new model on \(frames) live frames: correlation of log depth \(Self.text(logCorrelation)), depth "
      + "\(Self.text(depthRatio)) times the old, unknown \(Self.text(100 * unknownNew)) % (was "
      + "\(Self.text(100 * unknownOld)) %), about \(Self.text(inferNewMilliseconds)) ms a frame (was "
      + "\(Self.text(inferOldMilliseconds)) ms)"
  }

  /// Three digits are enough for people.
  private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
