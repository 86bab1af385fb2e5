import ImageBuffers
import ModelBundle
import Quantities

/// Per-pixel confidence from the network's own estimate of its error; pixels below the configured least
/// confidence lose their depth.
struct ConfidenceStage {
  private let table: ConfidenceTable
  private let least: UInt8
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
  }

  /// - Parameter priors: what the prior bank holds against the network; nil = nothing.
  mutating func run(
    network: DepthNetwork, scale: ScaleEstimate, priors: PriorStage?, maps: inout DepthMaps
  ) {
    guard let logSigma = network.logSigma else { return }
    let confidence = maps.confidence.baseAddress
    let depth = maps.unscaled.baseAddress
    let scaleVariance = Float(scale.logSigma * scale.logSigma)
    if let priors, priors.isOutOfDomain != nil {
      priors.forEachRun(size: network.size) { pixels, variance in
        table.run(
          UnsafeBufferPointer(rebasing: logSigma[pixels]), depth: depth + pixels.lowerBound,
          adding: scaleVariance + variance, into: confidence + pixels.lowerBound)
      }
    } else {
      table.run(logSigma, depth: depth, adding: scaleVariance, into: confidence)
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
}
