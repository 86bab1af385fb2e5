import DepthPipeline
import Geometry
import ModelBundle
import Quantities

/// Makes the pipeline for whatever frames arrive. Called on the thread that will use the pipeline.
struct PipelineBuilder: Sendable {
  let settings: PipelineSettings
  let model: DepthModel
  let calibration: CameraCalibration?

  func build(
    frameSize: ImageSize, carriesTruth: Bool, executor: any ParallelExecutor
  ) throws(PipelineError) -> DepthPipeline {
    try DepthPipeline(
      settings: settings, model: model, calibration: calibration, capturedSize: frameSize,
      carriesTruth: carriesTruth, executor: executor)
  }
}
