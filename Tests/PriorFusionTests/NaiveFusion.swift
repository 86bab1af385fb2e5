import Foundation
import PriorFusion

/// Prior fusion as docs/bundle.md writes it, in double precision, one pixel after the other: the twin of
/// `PriorFusionNetwork`.
struct NaiveFusion {
  /// Of one image, as `PriorFusionNetwork` gives them.
  struct Result {
    var fused: [Float]
    var priorDisparity: [Float] = []
    var entropy: [Float] = []
    var priorSpread: [Float] = []
    var bestLogit: [Float] = []
  }

  let bank: PriorBank

  func run(_ features: [Float]) -> Result {
    let pixels = features.count / bank.featureChannels
    var result = Result(fused: [Float](repeating: 0, count: features.count))
    for pixel in 0..<pixels {
      let x = (0..<bank.featureChannels).map { Double(features[$0 * pixels + pixel]) }
      let (fused, statistics) = fuse(x)
      for channel in fused.indices { result.fused[channel * pixels + pixel] = Float(fused[channel]) }
      result.priorDisparity.append(statistics[0])
      result.entropy.append(statistics[1])
      result.priorSpread.append(statistics[2])
      result.bestLogit.append(statistics[3])
    }
    return result
  }

  private func fuse(_ x: [Double]) -> (fused: [Double], statistics: [Float]) {
    let (side, rows, width) = (bank.querySide, bank.references, PriorBank.width)
    let query = linear(side.pixelWeight, side.pixelBias, x)
    let logits = (0..<bank.count).map { dot(query, row(rows.keyPixel, $0)[...]) }
    let weights = softmax(logits)
    let disparity = rows.disparity.values(as: Float.self).map(Double.init)
    let logs = disparity.map { log(max($0, 1e-6)) }
    let heads = linear(side.headsWeight, side.headsBias, x)
    var attended: [Double] = []
    for head in 0..<PriorBank.headCount {
      let part = head * PriorBank.headWidth..<(head + 1) * PriorBank.headWidth
      let own = softmax((0..<bank.count).map { dot(heads[part], row(rows.keyHeads, $0)[part]) })
      attended += part.map { column in mean(own) { row(rows.valueHeads, $0)[column] } }
    }
    let inputs =
      (0..<width).map { column in mean(weights) { row(rows.valuePixel, $0)[column] } }
      + linear(side.outputWeight, side.outputBias, attended) + [mean(weights) { disparity[$0] }]
    let added = linear(side.compress, [Float](repeating: 0, count: x.count), inputs)
    let entropy = -weights.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
    let (first, second) = (mean(weights) { logs[$0] }, mean(weights) { logs[$0] * logs[$0] })
    let statistics = [
      inputs[2 * width], entropy / max(log(Double(bank.count)), 1e-9),
      max(0, second - first * first).squareRoot(), logits.max() ?? 0,
    ]
    return (zip(x, added).map { max(0, $0 + $1) }, statistics.map(Float.init))
  }

  private func row(_ memory: BankMemory, _ index: Int) -> [Double] {
    let range = index * PriorBank.width..<(index + 1) * PriorBank.width
    switch bank.storage {
    case .float16: return memory.values(as: UInt16.self)[range].map { Double(Float16(bitPattern: $0)) }
    case .float32: return memory.values(as: Float.self)[range].map(Double.init)
    }
  }

  private func linear(_ weight: [Float], _ bias: [Float], _ x: [Double]) -> [Double] {
    bias.indices.map { output in
      Double(bias[output]) + x.indices.reduce(0) { $0 + Double(weight[output * x.count + $1]) * x[$1] }
    }
  }

  private func dot(_ a: some Collection<Double>, _ b: ArraySlice<Double>) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func softmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let weights = logits.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  private func mean(_ weights: [Double], _ value: (Int) -> Double) -> Double {
    weights.indices.reduce(0) { $0 + weights[$1] * value($1) }
  }
}
