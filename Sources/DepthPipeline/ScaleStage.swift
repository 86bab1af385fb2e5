import ModelBundle
import Quantities

/// Which scale applies to this frame.
///
/// A constant from the configuration is taken at its word. Without one, depth stays in the network's unit and
/// is never called metric: the model's own constant is good for the cameras it was trained on and no others.
struct ScaleStage {
  let estimate: ScaleEstimate

  init(settings: PipelineSettings, model: DepthModel) {
    estimate =
      settings.scaleConstant
      ?? ScaleEstimate(
        value: model.initialScale.value, logSigma: model.initialScale.logSigma, state: .unscaled,
        source: .model)
  }

  /// Writes `unscaled * scale`. NaN and +Inf pass through.
  func run(_ unscaled: UnsafePointer<Float>, count: Int, into metric: UnsafeMutablePointer<Float>) {
    let scale = Float(estimate.value)
    for index in 0..<count { metric[index] = unscaled[index] * scale }
  }
}
