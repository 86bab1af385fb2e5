import Glibc
public import ImageBuffers
import Quantities

/// What one image contributes.
public struct ImageEvaluation: Equatable, Sendable {
  public var medianScaled: DepthMetrics
  public var unscaled: DepthMetrics
  /// median(truth) / median(prediction).
  public var medianRatio: Double
  public var pixelCount: Int
}

/// Compares predictions with truth, image after image, reusing its memory.
public struct ImageEvaluator: Sendable {
  public let evaluationProtocol: EvaluationProtocol
  private var truths: [Double] = []
  private var predictions: [Double] = []
  private var sorted: [Double] = []

  public init(_ evaluationProtocol: EvaluationProtocol) {
    self.evaluationProtocol = evaluationProtocol
  }

  /// Evaluates one image.
  ///
  /// The prediction's disparity is resized bilinearly (pixel centres at half, edges repeated) to the truth's
  /// size and then inverted, as the published protocol does; scaling comes before clamping.
  /// - Parameters:
  ///   - disparity: inverse depth of the prediction, any size, any unit.
  ///   - depthScale: metres per unit of 1 / disparity.
  ///   - truth: metres; NaN, infinity and what lies outside the protocol's range do not count.
  /// - Returns: nil when no pixel counts.
  public mutating func evaluate(
    disparity: borrowing Plane<Float>, depthScale: Double, truth: borrowing Plane<Float>
  ) -> ImageEvaluation? {
    truths.removeAll(keepingCapacity: true)
    predictions.removeAll(keepingCapacity: true)
    let window = evaluationProtocol.window(of: ImageSize(width: truth.width, height: truth.height))
    let rowPositions = ResizePositions(output: truth.height, input: disparity.height)
    let columnPositions = ResizePositions(output: truth.width, input: disparity.width)
    for y in window.rows {
      let row = rowPositions[y]
      let upper = disparity.row(row.low)
      let lower = disparity.row(row.high)
      let truthRow = truth.row(y)
      for x in window.columns {
        let meters = Double(truthRow[x])
        guard meters > evaluationProtocol.floorMeters, meters < evaluationProtocol.capMeters else { continue }
        let column = columnPositions[x]
        let top = Double(upper[column.low]) * (1 - column.weight) + Double(upper[column.high]) * column.weight
        let bottom =
          Double(lower[column.low]) * (1 - column.weight) + Double(lower[column.high]) * column.weight
        truths.append(meters)
        predictions.append(depthScale / (top * (1 - row.weight) + bottom * row.weight))
      }
    }
    return summarize()
  }

  private mutating func summarize() -> ImageEvaluation? {
    guard !truths.isEmpty else { return nil }
    let ratio = median(truths) / median(predictions)
    return ImageEvaluation(
      medianScaled: metrics(scale: ratio), unscaled: metrics(scale: 1), medianRatio: ratio,
      pixelCount: truths.count)
  }

  /// The middle value, or the mean of the two middle values (numpy's rule).
  private mutating func median(_ values: [Double]) -> Double {
    sorted.removeAll(keepingCapacity: true)
    sorted.append(contentsOf: values)
    sorted.sort()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle])
  }

  private func metrics(scale: Double) -> DepthMetrics {
    var sum = DepthMetrics()
    for index in truths.indices {
      let g = truths[index]
      let d = min(
        evaluationProtocol.capMeters, max(evaluationProtocol.floorMeters, predictions[index] * scale))
      let difference = d - g
      let logDifference = log(d) - log(g)
      sum.absRel += abs(difference) / g
      sum.sqRel += difference * difference / g
      sum.rmse += difference * difference
      sum.rmseLog += logDifference * logDifference
      let ratio = max(d / g, g / d)
      if ratio < 1.25 { sum.d1 += 1 }
      if ratio < 1.25 * 1.25 { sum.d2 += 1 }
      if ratio < 1.25 * 1.25 * 1.25 { sum.d3 += 1 }
    }
    var mean = DepthMetrics()
    mean.add(sum, weight: 1 / Double(truths.count))
    mean.rmse = mean.rmse.squareRoot()
    mean.rmseLog = mean.rmseLog.squareRoot()
    return mean
  }
}

/// Where each output pixel of a linear resize looks in the input: src = (dst + 0.5) in / out - 0.5, clamped.
private struct ResizePositions {
  private let positions: [(low: Int, high: Int, weight: Double)]

  init(output: Int, input: Int) {
    positions = (0..<output).map { place in
      let source = max(0, (Double(place) + 0.5) * Double(input) / Double(output) - 0.5)
      let low = min(input - 1, Int(source))
      return (low, min(input - 1, low + 1), min(1, source - Double(low)))
    }
  }

  subscript(place: Int) -> (low: Int, high: Int, weight: Double) { positions[place] }
}
