/// How range points are used.
public struct RangeSettings: Hashable, Sendable {
  /// Whether the points count that frames of a recording or the simulator bring along.
  public var usesSource = true
  /// Whether a publisher is configured, so that its silence is worth saying.
  public var isExpected = false
  /// Whether points enter the network, where the model can take them.
  public var completes = true
  /// The most points that enter the network.
  public var mostPoints = 2000
  /// Depth outside of these is no point, metres.
  public var nearestMeters = 0.3
  public var farthestMeters = 80.0
  /// Most time between points and frame, and the same where odometry does not cover it.
  public var maximumAgeNanoseconds: Int64 = 200_000_000
  public var maximumUnmovedAgeNanoseconds: Int64 = 50_000_000

  public init() {}
}
