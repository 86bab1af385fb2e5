/// How a bank answers frames of the domain that it is for, measured on frames that it was not made of. Stored with the
/// bank, because entropies and affinities of another encoder or another M mean something else.
public struct RetrievalDomain: Equatable, Sendable {
  /// The metadata entry of `priors.safetensors` that holds it.
  public static let metadataKey = "in_domain"

  /// Of a frame's mean, over frames: 1 %, 50 %, 99 %.
  public struct Quantiles: Equatable, Sendable {
    public let low: Double
    public let median: Double
    public let high: Double

    /// - Precondition: rising.
    public init(low: Double, median: Double, high: Double) {
      precondition(low <= median && median <= high, "quantiles rise")
      self.low = low
      self.median = median
      self.high = high
    }

    /// How far a value lies from the median, in widths of the side it lies on: 1 in a hundred frames of the domain is
    /// beyond 1 on either side. A side is never narrower than a twentieth of the median: few frames tell little of
    /// their tails.
    func distance(of value: Double) -> Double {
      let width = value > median ? high - median : median - low
      return abs(value - median) / max(width, 0.05 * abs(median), 1e-6)
    }
  }

  /// Frames that it was measured on.
  public let frames: Int
  public let entropy: Quantiles
  public let priorSpread: Quantiles
  public let bestLogit: Quantiles
  /// What 95 % of the pixels stay below: root mean square distance in ln depth of the attended references from the
  /// network's own answer (`PriorDeviation`).
  public let deviation: Double

  public init(
    frames: Int, entropy: Quantiles, priorSpread: Quantiles, bestLogit: Quantiles, deviation: Double
  ) {
    self.frames = frames
    self.entropy = entropy
    self.priorSpread = priorSpread
    self.bestLogit = bestLogit
    self.deviation = deviation
  }

  /// How unlike the domain a frame is: the largest distance of its three means; 1 = as the outermost of a hundred.
  public func distance(of frame: RetrievalMeans) -> Double {
    max(
      entropy.distance(of: frame.entropy), priorSpread.distance(of: frame.priorSpread),
      bestLogit.distance(of: frame.bestLogit))
  }
}

/// What retrieval says of a whole frame: means over its stride-16 pixels.
public struct RetrievalMeans: Equatable, Sendable {
  /// Over ln M: 0 = one reference, 1 = all alike.
  public var entropy: Double
  /// Standard deviation of ln disparity among the attended references.
  public var priorSpread: Double
  /// The largest affinity.
  public var bestLogit: Double

  public init(entropy: Double, priorSpread: Double, bestLogit: Double) {
    self.entropy = entropy
    self.priorSpread = priorSpread
    self.bestLogit = bestLogit
  }

  /// Of the last run of a fusion.
  public init(_ statistics: RetrievalStatistics) {
    func mean(_ values: UnsafeBufferPointer<Float>) -> Double {
      Double(values.reduce(0, +)) / Double(max(1, values.count))
    }
    self.init(
      entropy: mean(statistics.entropy), priorSpread: mean(statistics.priorSpread),
      bestLogit: mean(statistics.bestLogit))
  }
}
