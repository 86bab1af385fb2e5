import Geometry
import ModelBundle
import Preprocessing

extension DepthConversion {
  /// The conversion a model's description asks for, on a published grid.
  init(model: DepthModel, grid: PublishedGrid) {
    switch model.output {
    case .disparity:
      output = .disparity(
        minimumDepth: Float(model.disparityToDepth.minimumDepthMeters),
        maximumDepth: Float(model.disparityToDepth.maximumDepthMeters))
    case .inverseDepth: output = .inverseDepth
    case .depth: output = .depth
    }
    if let canonical = model.canonicalFxPixels, let intrinsics = grid.intrinsics {
      focalRatio = Float(intrinsics.fx / canonical)
    } else {
      focalRatio = 1
    }
  }
}

extension InputNormalization {
  /// How a model wants its input.
  init(of model: DepthModel) {
    self.init(mean: model.normalization.mean, standardDeviation: model.normalization.standardDeviation)
  }
}
