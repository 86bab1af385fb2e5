import Completion
import ImageBuffers
import ModelBundle
import Quantities

/// Per-pixel confidence from the network's own estimate of its error, the scale, the prior bank and range points;
/// pixels below the configured least confidence lose their depth.
struct ConfidenceStage {
  private let table: ConfidenceTable
  private let least: UInt8
  /// Of one row of cells.
  private var terms: [ConfidenceTable.Term]
  /// Over the last frame; nil when nothing is trusted.
  private(set) var summary: ConfidenceSummary?
  /// Pixels of the last frame that had a finite depth and were not trusted enough to keep it.
  private(set) var rejectedPixels = 0
  /// While sources of scale contradict each other nothing is trusted more than this, of 255.
  private static let conflictLimit: UInt8 = 76

  /// Nil when the model estimates no confidence.
  init?(model: DepthModel, network: DepthNetwork, settings: PipelineSettings) {
    guard let calibration = model.confidence, network.logSigma != nil else { return nil }
    table = ConfidenceTable(a: calibration.a, b: calibration.b)
    least = UInt8((255 * min(1, max(0, settings.minimumConfidence))).rounded())
    terms = Array(repeating: .init(added: 0), count: network.size.width / ConfidenceTable.cellPixels)
  }

  /// - Parameter priors: what the prior bank holds against the network; nil = nothing.
  mutating func run(
    network: DepthNetwork, scale: ScaleEstimate, priors: PriorStage?, maps: inout DepthMaps
  ) {
    guard let logSigma = network.logSigma else { return }
    let confidence = maps.confidence.baseAddress
    let depth = maps.unscaled.baseAddress
    let width = network.size.width
    for row in 0..<network.size.height {
      if row % ConfidenceTable.cellPixels == 0 { weigh(row, network, scale, priors) }
      let first = row * width
      table.run(
        UnsafeBufferPointer(rebasing: logSigma[first..<first + width]), depth: depth + first, terms: terms,
        into: confidence + first)
    }
    if scale.state == .conflict {
      for index in 0..<logSigma.count { confidence[index] = min(confidence[index], Self.conflictLimit) }
    }
    rejectedPixels = 0
    if least > 0 {
      for index in 0..<logSigma.count where confidence[index] < least {
        rejectedPixels += maps.unscaled.baseAddress[index].isFinite ? 1 : 0
        maps.unscaled.baseAddress[index] = .nan
        confidence[index] = 0
      }
    }
    summary = ConfidenceSummary(UnsafeBufferPointer(start: confidence, count: logSigma.count))
  }

  /// Fills the terms of the cells that begin with a row of pixels.
  ///
  /// Points are metres: where they hold the depth, what is not known of the scale does not matter either.
  private mutating func weigh(
    _ row: Int, _ network: DepthNetwork, _ scale: ScaleEstimate, _ priors: PriorStage?
  ) {
    let scaleVariance = Float(scale.logSigma * scale.logSigma)
    let shares = network.sigmaShares.map { $0 + row / ConfidenceTable.cellPixels * terms.count }
    for index in terms.indices {
      let excess = priors?.excess(row: row, column: index * ConfidenceTable.cellPixels) ?? 0
      let share = shares?[index] ?? 1
      terms[index] = ConfidenceTable.Term(added: scaleVariance + excess, share: share * share)
    }
  }
}
