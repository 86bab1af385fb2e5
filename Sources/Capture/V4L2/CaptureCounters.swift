public import Platform

/// What happened at the camera since the source was made; read by any thread.
public struct CaptureCounters: Sendable {
  /// Frames delivered.
  public let frames = Counter()
  /// Frames that arrived damaged or undecodable.
  public let corrupt = Counter()
  /// Frames the driver or the bus lost, by sequence numbers and time.
  public let lost = Counter()
  /// Frames passed over because a newer one was waiting already.
  public let skipped = Counter()
  /// Times the stream was started again after a failed transfer or silence.
  public let restarts = Counter()
  /// Times the camera came back after it had gone.
  public let reconnects = Counter()

  public init() {}
}
