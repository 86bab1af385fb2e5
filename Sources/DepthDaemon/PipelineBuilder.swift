package import DepthPipeline
package import Geometry
package import ModelBundle
internal import Platform
import Quantities

/// Makes the pipeline for whatever frames arrive. Called on the thread that will use the pipeline.
package struct PipelineBuilder: Sendable {
  let settings: PipelineSettings
  let model: DepthModel
  let calibration: CameraCalibration?

  package init(settings: PipelineSettings, model: DepthModel, calibration: CameraCalibration?) {
    self.settings = settings
    self.model = model
    self.calibration = calibration
  }

  func build(
    frameSize: ImageSize, carriesTruth: Bool, executor: any ParallelExecutor
  ) throws(PipelineError) -> DepthPipeline {
    defer { HeapPolicy.returnFreePages() }
    return try DepthPipeline(
      settings: settings, model: model, calibration: calibration, capturedSize: frameSize,
      carriesTruth: carriesTruth, executor: executor)
  }
}
