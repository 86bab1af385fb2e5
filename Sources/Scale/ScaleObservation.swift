public import Quantities

/// One look at how many metres a unit of network depth is, by one of the four ways of looking.
public struct ScaleObservation: Equatable, Sendable {
  /// How the observation was made (DESIGN.md section 7).
  public enum Source: String, Sendable, CaseIterable {
    /// The pose network's translation against the odometry's.
    case pose
    /// The scale at which predicted depth, moved by the odometry's motion, best explains an earlier frame.
    case photometric
    /// The known height of the camera against the fitted ground plane.
    case ground
    /// Range points against predicted depth.
    case points
  }

  /// Whether the observation may be used.
  public enum Gate: Equatable, Sendable {
    case passed
    case rejected(ScaleGateReason)
  }

  public var source: Source
  /// Capture time of the newer frame.
  public var time: MonotonicTime
  /// z = ln(metres per network unit): metric depth = exp(z) * network depth. NaN when nothing was measured.
  public var logScale: Double
  /// Variance of `logScale` without the part that all frames of a scene share, which the filter adds.
  public var variance: Double
  /// Variance of an error that all observations of this source share in one place: no number of them removes it.
  public var sharedVariance = 0.0
  /// Metres the camera travelled between the two frames; 0 when one frame was enough.
  public var distanceMeters: Double
  public var gate: Gate

  public init(
    source: Source, time: MonotonicTime, logScale: Double, variance: Double, distanceMeters: Double,
    gate: Gate
  ) {
    self.source = source
    self.time = time
    self.logScale = logScale
    self.variance = variance
    self.distanceMeters = distanceMeters
    self.gate = gate
  }
}
