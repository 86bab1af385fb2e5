import Glibc

/// The means over the images of a drive: every image counts the same, however many pixels it has.
public struct EvaluationSummary: Equatable, Sendable {
  public private(set) var frameCount = 0
  private var medianScaledSum = DepthMetrics()
  private var unscaledSum = DepthMetrics()
  private var logRatios: [Double] = []
  private var pointCounts: [Int] = []

  public init() {}

  /// - Parameter pointCount: range points that were given to the network; nil when none were asked for.
  public mutating func add(_ image: ImageEvaluation, pointCount: Int? = nil) {
    frameCount += 1
    medianScaledSum.add(image.medianScaled, weight: 1)
    unscaledSum.add(image.unscaled, weight: 1)
    logRatios.append(log(image.medianRatio))
    if let pointCount { pointCounts.append(pointCount) }
  }

  public var medianScaled: DepthMetrics { mean(medianScaledSum) }
  public var unscaled: DepthMetrics { mean(unscaledSum) }

  /// Standard deviation over the images of ln(median truth / median prediction); 0 = constant scale.
  public var scaleLogStandardDeviation: Double {
    guard frameCount > 0 else { return 0 }
    let mean = logRatios.reduce(0, +) / Double(frameCount)
    let squares = logRatios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(frameCount)).squareRoot()
  }

  /// Mean over the images of ln(median truth / median prediction); 0 = metric.
  public var scaleLogMean: Double {
    frameCount > 0 ? logRatios.reduce(0, +) / Double(frameCount) : 0
  }

  /// Mean number of range points given; nil when none were asked for.
  public var pointsPerFrame: Double? {
    pointCounts.isEmpty ? nil : Double(pointCounts.reduce(0, +)) / Double(pointCounts.count)
  }

  private func mean(_ sum: DepthMetrics) -> DepthMetrics {
    var mean = DepthMetrics()
    if frameCount > 0 { mean.add(sum, weight: 1 / Double(frameCount)) }
    return mean
  }
}
