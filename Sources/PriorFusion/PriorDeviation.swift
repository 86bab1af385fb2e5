import Glibc

/// How far the attended references lie from the network's own answer, in ln depth, as a variance:
///
///     E_a[(ln z_r - ln z)^2] = (ln z_prior - ln z)^2 + Var_a(ln z_r)
///
/// It grows when the priors contradict the network and when they contradict each other. The second term comes from
/// `prior_spread`, the spread of ln disparity, by the slope of ln depth at D_c (first order).
///
/// - Source: the bias-variance decomposition; as a mixture's variance in Lakshminarayanan et al., "Simple and Scalable
///   Predictive Uncertainty Estimation using Deep Ensembles", NeurIPS 2017, section 2.4.
public struct PriorDeviation: Equatable, Sendable {
  private let far: Float
  private let slope: Float

  /// - Parameters: of the model's `disparity_to_depth`.
  public init(minimumDepth: Double, maximumDepth: Double) {
    far = Float(1 / maximumDepth)
    slope = Float(1 / minimumDepth - 1 / maximumDepth)
  }

  /// The variance for one stride-16 pixel.
  ///
  /// - Parameters:
  ///   - disparity: the network's, mean over the pixel.
  ///   - prior: D_c.
  ///   - spread: `prior_spread`.
  public func variance(disparity: Float, prior: Float, spread: Float) -> Float {
    let inversePrior = far + slope * prior
    let difference = logf((far + slope * disparity) / inversePrior)
    let own = spread * slope * prior / inversePrior
    return difference * difference + own * own
  }
}
