import Foundation
package import WireFormat

/// Collects, frame by frame, how two depth maps of the same scenes agree.
package struct DepthAgreement: Sendable {
  /// One frame's figures.
  private struct Frame {
    var correlation: Double
    var ratio: Double
    var unknownOld: Double
    var unknownNew: Double
    var inferOld: Double
    var inferNew: Double
  }

  private var frames: [Frame] = []

  package init() {}

  package var frameCount: Int { frames.count }

  /// Adds one frame.
  ///
  /// - Parameters:
  ///   - old, new: depth in metres, NaN = unknown, +Inf = beyond range.
  ///   - overlap: which pixel of `new` (first) shows what a pixel of `old` (second) shows.
  ///   - inferOldMilliseconds, inferNewMilliseconds: time of the network.
  package mutating func add(
    old: UnsafeBufferPointer<Float>, new: UnsafeBufferPointer<Float>, overlap: GridOverlap,
    inferOldMilliseconds: Double, inferNewMilliseconds: Double
  ) {
    var sums = CorrelationSums()
    var logRatios: [Double] = []
    var unknownOld = 0
    var unknownNew = 0
    for pair in overlap.pairs {
      let oldDepth = Double(old[Int(pair.second)])
      let newDepth = Double(new[Int(pair.first)])
      if !oldDepth.isFinite { unknownOld += 1 }
      if !newDepth.isFinite { unknownNew += 1 }
      guard oldDepth.isFinite, newDepth.isFinite, oldDepth > 0, newDepth > 0 else { continue }
      sums.add(log(oldDepth), log(newDepth))
      logRatios.append(log(newDepth / oldDepth))
    }
    let count = Double(max(1, overlap.pairs.count))
    frames.append(
      Frame(
        correlation: sums.correlation, ratio: exp(Self.median(logRatios) ?? 0),
        unknownOld: Double(unknownOld) / count, unknownNew: Double(unknownNew) / count,
        inferOld: inferOldMilliseconds, inferNew: inferNewMilliseconds))
  }

  /// The figures so far; nil before the first frame.
  package var comparison: ModelComparison? {
    guard !frames.isEmpty else { return nil }
    func median(_ value: (Frame) -> Double) -> Double { Self.median(frames.map(value)) ?? 0 }
    return ModelComparison(
      frames: frames.count, logCorrelation: median(\.correlation), depthRatio: median(\.ratio),
      unknownOld: median(\.unknownOld), unknownNew: median(\.unknownNew),
      inferOldMilliseconds: median(\.inferOld), inferNewMilliseconds: median(\.inferNew))
  }

  private static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    return values.sorted()[values.count / 2]
  }
}

/// Pearson's correlation of pairs, by running sums about the first pair.
private struct CorrelationSums {
  private var count = 0.0
  private var origin = (x: 0.0, y: 0.0)
  private var x = 0.0
  private var y = 0.0
  private var xx = 0.0
  private var yy = 0.0
  private var xy = 0.0

  mutating func add(_ newX: Double, _ newY: Double) {
    if count == 0 { origin = (newX, newY) }
    let dx = newX - origin.x
    let dy = newY - origin.y
    count += 1
    x += dx
    y += dy
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }

  /// 0 when one side does not vary: a constant says nothing about the other.
  var correlation: Double {
    guard count > 1 else { return 0 }
    let covariance = xy - x * y / count
    let variances = (xx - x * x / count) * (yy - y * y / count)
    guard variances > 1e-12 * count * count else { return 0 }
    return covariance / variances.squareRoot()
  }
}
