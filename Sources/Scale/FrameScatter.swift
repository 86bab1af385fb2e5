import Glibc

/// How much observations of one scale differ among themselves, learned while driving.
///
/// Two parts, told apart by looking at neighbours: what an observation shares with the one before it is the
/// network's own scale wandering from scene to scene, which every reader of a frame sees too; the rest is how
/// well the scale was measured. With y the innovations and P the variance of the estimate,
///
///     E[y_k y_k] = P + frame + white        E[y_k y_(k-1)] = P + frame exp(-dt / tau)
///
/// - Source: covariance matching by innovations (Mehra 1970).
struct FrameScatter: Equatable, Sendable {
  /// Observations that the expectation at the start is worth, and that are remembered.
  private static let expectedWorth = 20.0
  private static let memory = 100.0
  /// What the expectation is worth in `squaredDistance`: less, since there each observation speaks by itself.
  private static let expectedDistances = 8.0
  /// The learned deviation stays within these multiples of the expected one.
  private static let range = 0.5...3.0
  /// Neighbours are at most so far apart, in correlation times.
  private static let farthestNeighbour = 1.0
  /// What measuring adds at first, over what an observation says of itself, of the logarithm.
  private static let expectedMeasuring = 0.03

  private var squares = 0.0
  private var squaresWorth = 0.0
  private var products = 0.0
  private var productsWorth = 0.0
  private var distances = 0.0
  private var distancesWorth = 0.0
  private var last: Double?

  /// Variance that neighbouring observations share: the network's own.
  func frameVariance(expected sigma: Double) -> Double {
    let expected = sigma * sigma
    let learned =
      (Self.expectedWorth * expected + products) / (Self.expectedWorth + productsWorth)
    return min(
      expected * Self.range.upperBound * Self.range.upperBound,
      max(expected * Self.range.lowerBound * Self.range.lowerBound, learned))
  }

  /// Mean square of how far single observations have lain from the estimate, with all that makes them differ.
  ///
  /// - Parameter sigma: spread that is expected before anything is observed.
  func squaredDistance(expected sigma: Double) -> Double {
    (Self.expectedDistances * sigma * sigma + distances) / (Self.expectedDistances + distancesWorth)
  }

  /// Variance of one observation that is neither its own statement nor shared with its neighbours.
  func measuringVariance(expected sigma: Double) -> Double {
    let frame = frameVariance(expected: sigma)
    let prior = sigma * sigma + Self.expectedMeasuring * Self.expectedMeasuring
    let whole = (Self.expectedWorth * prior + squares) / (Self.expectedWorth + squaresWorth)
    return max(0, whole - frame)
  }

  /// Takes one innovation in.
  /// - Parameters:
  ///   - innovation: observed minus estimated log scale, before it changed the estimate.
  ///   - variance: of the estimate.
  ///   - white: what the observation says of itself.
  ///   - rho: correlation of this observation with the one before.
  mutating func learn(
    innovation: Double, variance: Double, white: Double, rho: Double, expected sigma: Double
  ) {
    let frame = frameVariance(expected: sigma)
    // While the estimate itself is unsure, an innovation says little about scatter.
    guard variance < frame else {
      last = nil
      return
    }
    let whole = frame + measuringVariance(expected: sigma) + white + variance
    let limit = 3 * whole.squareRoot()
    let y = max(-limit, min(limit, innovation))
    let worth = pow(frame / (frame + variance), 2)
    if let last, rho > exp(-Self.farthestNeighbour) {
      Self.add((y * last - variance) / rho, worth: worth * rho, to: &products, &productsWorth)
    }
    Self.add(y * y - variance - white, worth: worth, to: &squares, &squaresWorth)
    Self.add(y * y, worth: 1, to: &distances, &distancesWorth)
    last = y
  }

  private static func add(_ value: Double, worth: Double, to sum: inout Double, _ total: inout Double) {
    sum += worth * value
    total += worth
    guard total > memory else { return }
    sum *= memory / total
    total = memory
  }
}
