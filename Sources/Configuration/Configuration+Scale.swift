public import Scale

extension Configuration {
  /// How the scale is known or learned. What each value means stands in `ConfigurationKey.scale` and
  /// `ConfigurationKey.scaleObservers`.
  public struct Scale: Hashable, Sendable {
    /// Metres per unit of network depth; nil = not known beforehand.
    public var constant: Double?
    /// Standard deviation of log(constant).
    public var constantSigma = 0.05
    /// The filter and its states.
    public var learning = ScaleSettings()
    /// What looks for the scale, and how often.
    public var observers = ScaleObserver.Settings()
  }
}
