/// The depth errors of the field, over the valid pixels of one image or averaged over images.
///
/// - Source: Eigen et al. 2014; formulae as in Monodepth2's evaluate_depth.py.
public struct DepthMetrics: Equatable, Sendable {
  /// Mean of |d - g| / g.
  public var absRel = 0.0
  /// Mean of (d - g)^2 / g, metres.
  public var sqRel = 0.0
  /// Root mean square of d - g, metres.
  public var rmse = 0.0
  /// Root mean square of ln d - ln g.
  public var rmseLog = 0.0
  /// Share of pixels with max(d/g, g/d) below 1.25, 1.25^2, 1.25^3.
  public var d1 = 0.0
  public var d2 = 0.0
  public var d3 = 0.0

  public init() {}

  /// Adds another image's metrics, each weighted by `weight`.
  mutating func add(_ other: DepthMetrics, weight: Double) {
    absRel += other.absRel * weight
    sqRel += other.sqRel * weight
    rmse += other.rmse * weight
    rmseLog += other.rmseLog * weight
    d1 += other.d1 * weight
    d2 += other.d2 * weight
    d3 += other.d3 * weight
  }
}
