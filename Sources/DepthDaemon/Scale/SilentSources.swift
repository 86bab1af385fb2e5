import DepthPipeline
import Preprocessing
package import Scale

/// Ways of observing the scale that say nothing because they are switched off or cannot be, and why.
package struct SilentSources: Equatable, Sendable {
  package private(set) var reasons: [ScaleObservation.Source: String] = [:]

  package init() {}

  init(_ settings: ScaleObserver.Settings, _ pipeline: DepthPipeline) {
    if !settings.usesPhotometric { reasons[.photometric] = "switched off: scale.use_photometric" }
    if !settings.usesGround { reasons[.ground] = "switched off: scale.use_height" }
    if !settings.usesPoints { reasons[.points] = "switched off: scale.use_sparse" }
    if !settings.usesPose {
      reasons[.pose] = "switched off: scale.use_pose"
    } else if pipeline.grid.intrinsics == nil {
      reasons[.pose] = "the camera is not calibrated"
    } else if !pipeline.hasPoseNetwork {
      reasons[.pose] = "the model has no pose network"
    }
  }
}
