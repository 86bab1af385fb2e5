import Glibc
import Quantities

/// Log scale from range points: the median of ln(measured / predicted).
///
/// - Source: methods notes 2.6: sigma = 1.253 * 1.4826 * MAD / sqrt(n), for the median of n values.
struct PointsObserver {
  private static let fewestPoints = 30
  private static let largestSpread = 0.5
  /// Neighbouring points meet the same error of the network: so many count as one.
  private static let groupSize = 4.0

  mutating func observe(_ logRatios: UnsafeMutableBufferPointer<Float>, time: MonotonicTime)
    -> ScaleObservation
  {
    var count = 0
    for value in logRatios where value.isFinite {
      logRatios[count] = value
      count += 1
    }
    var observation = ScaleObservation(
      source: .points, time: time, logScale: .nan, variance: .infinity, distanceMeters: 0, gate: .passed)
    guard count >= Self.fewestPoints else {
      observation.gate = .rejected(.pointCount(found: count, needed: Self.fewestPoints))
      return observation
    }
    let values = UnsafeBufferPointer(rebasing: logRatios[..<count])
    let middle = RobustMedian.of(values) { $0 }
    let spread = 1.4826 * Double(RobustMedian.of(values) { abs($0 - middle) })
    observation.logScale = Double(middle)
    let deviation = 1.253 * spread
    observation.variance = deviation * deviation / max(1, Double(count) / Self.groupSize)
    if spread > Self.largestSpread {
      observation.gate = .rejected(.pointSpread(found: spread, limit: Self.largestSpread))
    }
    return observation
  }
}
