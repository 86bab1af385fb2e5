package import Configuration
package import WireFormat

/// What a new model must reach beside the running one. Pure.
package struct ExchangeLimits: Equatable, Sendable {
  package var minimumCorrelation: Double
  /// The new depth may be so many times the old, or the old so many times the new; judged while depth is metric.
  package var maximumRatio: Double
  /// Share of the pixels that may be unknown beyond those that were.
  package var maximumMoreUnknown: Double
  /// Of the time between two frames, for the network.
  package var maximumPeriodShare: Double

  package init(_ exchange: Configuration.Exchange) {
    minimumCorrelation = exchange.minCorrelation
    maximumRatio = exchange.maxRatio
    maximumMoreUnknown = exchange.maxMoreUnknown
    maximumPeriodShare = exchange.maxPeriodShare
  }

  /// Why the new model is worse than the running one; empty when it is not.
  ///
  /// - Parameters:
  ///   - isMetric: whether depth is in metres, so that another size of everything is an error.
  ///   - periodMilliseconds: between two frames of the camera; nil = unknown.
  package func objections(
    to comparison: ModelComparison, isMetric: Bool, periodMilliseconds: Double?
  ) -> [String] {
    var found: [String] = []
    if !(comparison.logCorrelation >= minimumCorrelation) {
      found.append(
        "the new model sees another scene: correlation of log depth \(Self.text(comparison.logCorrelation)), "
          + "exchange.min_correlation is \(Self.text(minimumCorrelation))")
    }
    let ratio = max(comparison.depthRatio, 1 / comparison.depthRatio)
    if isMetric, !(ratio <= maximumRatio) {
      found.append(
        "the new model's depth is \(Self.text(comparison.depthRatio)) times the running one's, "
          + "exchange.max_ratio is \(Self.text(maximumRatio)); scale.constant belongs to one model")
    }
    if comparison.unknownNew > comparison.unknownOld + maximumMoreUnknown {
      found.append(
        "the new model leaves \(Self.text(100 * comparison.unknownNew)) % of the pixels unknown, the running one "
          + "\(Self.text(100 * comparison.unknownOld)) %; exchange.max_more_unknown allows "
          + "\(Self.text(100 * maximumMoreUnknown)) % more")
    }
    if let periodMilliseconds, comparison.inferNewMilliseconds > periodMilliseconds * maximumPeriodShare,
      comparison.inferNewMilliseconds > comparison.inferOldMilliseconds
    {
      found.append(
        "the new model needs about \(Self.text(comparison.inferNewMilliseconds)) ms a frame, one comes every "
          + "\(Self.text(periodMilliseconds)) ms; exchange.max_period_share is \(Self.text(maximumPeriodShare))"
      )
    }
    return found
  }

  private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
