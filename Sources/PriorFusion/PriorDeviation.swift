import Glibc
public import Quantities

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
  /// Side of a stride-16 pixel.
  public static let cellPixels = 16
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

  /// The variances of all stride-16 pixels of a frame.
  ///
  /// - Parameters:
  ///   - disparity: the network's output (height, width).
  ///   - size: its size.
  ///   - statistics: of the fusion that it was made with.
  ///   - variances: (height / 16, width / 16).
  public func run(
    _ disparity: UnsafeBufferPointer<Float>, size: ImageSize, _ statistics: RetrievalStatistics,
    into variances: inout [Float]
  ) {
    let side = Self.cellPixels
    let columns = size.width / side
    precondition(variances.count == statistics.priorDisparity.count && disparity.count == size.pixelCount)
    for cell in variances.indices {
      let corner = side * (cell / columns * size.width + cell % columns)
      var sum: Float = 0
      for row in 0..<side {
        for column in 0..<side { sum += disparity[corner + row * size.width + column] }
      }
      variances[cell] = variance(
        disparity: sum / Float(side * side), prior: statistics.priorDisparity[cell],
        spread: statistics.priorSpread[cell])
    }
  }
}
