import Glibc

/// Measures how a bank answers frames of its domain (`RetrievalDomain`).
public struct DomainMeter: Sendable {
  private var entropies: [Double] = []
  private var spreads: [Double] = []
  private var logits: [Double] = []
  private var variances: [Float] = []

  public init() {}

  public var frames: Int { entropies.count }

  /// Takes in a frame.
  /// - Parameter variances: of all its stride-16 pixels (`PriorDeviation`).
  public mutating func add(_ means: RetrievalMeans, variances: [Float]) {
    entropies.append(means.entropy)
    spreads.append(means.priorSpread)
    logits.append(means.bestLogit)
    self.variances += variances
  }

  /// What was measured; nil without frames, or when numbers are not finite.
  public var domain: RetrievalDomain? {
    guard let entropy = Self.quantiles(entropies), let spread = Self.quantiles(spreads),
      let logit = Self.quantiles(logits), variances.allSatisfy(\.isFinite)
    else { return nil }
    let deviation = Self.quantile(variances.map { Double($0).squareRoot() }.sorted(), 0.95)
    guard deviation > 0 else { return nil }
    return RetrievalDomain(
      frames: frames, entropy: entropy, priorSpread: spread, bestLogit: logit, deviation: deviation)
  }

  private static func quantiles(_ values: [Double]) -> RetrievalDomain.Quantiles? {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    let sorted = values.sorted()
    return .init(low: quantile(sorted, 0.01), median: quantile(sorted, 0.5), high: quantile(sorted, 0.99))
  }

  /// Linear between neighbours, as numpy.quantile.
  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let low = Int(place)
    let next = min(low + 1, sorted.count - 1)
    return sorted[low] + (place - Double(low)) * (sorted[next] - sorted[low])
  }
}
