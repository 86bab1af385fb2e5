/// How long each stage of one frame took, nanoseconds.
public struct StageTimings: Equatable, Sendable {
  /// From capture until processing began.
  public var wait: Int64 = 0
  /// Rectify, resize, normalise.
  public var prepare: Int64 = 0
  /// The network.
  public var infer: Int64 = 0
  /// Network output to depth, scale and confidence.
  public var post: Int64 = 0
  /// Headers, payloads and hand-over to ZeroMQ, up to the moment the header was written.
  public var encode: Int64 = 0
  /// From capture to the moment the header was written.
  public var total: Int64 = 0

  public init() {}
}
