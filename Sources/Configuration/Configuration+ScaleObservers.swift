extension Configuration.Scale {
  /// What looks for the scale, and how often. What each value means stands in `ConfigurationKey.scaleObservers`.
  public struct Observers: Hashable, Sendable {
    public var usesPhotometric = true
    public var usesPose = true
    public var usesHeight = true
    public var usesSparse = true
    public var photometricIntervalSeconds = 0.25
    public var poseIntervalSeconds = 0.5
    public var heightIntervalSeconds = 1.0
    public var sparseIntervalSeconds = 0.25
  }
}
