/// How long each stage of one frame took, nanoseconds.
public struct StageTimings: Equatable, Sendable {
  /// From capture until processing began, decoding included.
  public var wait: Int64 = 0
  /// Driver's pixels to RGB.
  public var decode: Int64 = 0
  /// Rectify, resize, normalise.
  public var rectify: Int64 = 0
  /// The network.
  public var infer: Int64 = 0
  /// Network output to depth, scale and confidence.
  public var post: Int64 = 0
  /// Headers, payloads and their hand-over to the sockets.
  public var publish: Int64 = 0
  /// From capture to the end of publishing.
  public var total: Int64 = 0

  public init() {}
}
