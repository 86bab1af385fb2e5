import ModelBundle
import Quantities

/// Which scale applies to this frame.
///
/// A constant from the configuration is taken at its word; without one, what has been learned while driving. Until
/// that is good enough depth stays in the network's unit and is never called metric: the model's own constant is
/// good for the cameras it was trained on and no others.
struct ScaleStage {
  private(set) var estimate: ScaleEstimate
  private let isConstant: Bool

  init(settings: PipelineSettings, model: DepthModel) {
    isConstant = settings.scaleConstant != nil
    estimate =
      settings.scaleConstant
      ?? ScaleEstimate(
        value: model.initialScale.value, logSigma: model.initialScale.logSigma, state: .unscaled,
        sources: .model)
  }

  /// Goes over to what has been learned by now; nil = nothing is being learned.
  mutating func follow(_ learned: ScaleEstimate?) {
    if let learned, !isConstant { estimate = learned }
  }

  /// Writes `unscaled * scale`. NaN and +Inf pass through.
  func run(_ unscaled: UnsafePointer<Float>, count: Int, into metric: UnsafeMutablePointer<Float>) {
    let scale = Float(estimate.value)
    for index in 0..<count { metric[index] = unscaled[index] * scale }
  }
}
