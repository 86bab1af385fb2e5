import ArgumentParser
import DepthPipeline
import Geometry
import ModelBundle
import Platform
import Quantities

/// Runs prepared camera buffers through the daemon's own stages, to count allocations and to measure time.
@main
struct FramePath: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "framepath", abstract: "The frame's path without a camera: allocations and stage times.",
    subcommands: [
      AllocationsCommand.self, NetworkCommand.self, CompletionCommand.self, FusionCommand.self,
      StagesCommand.self,
    ])
}

/// What both commands run: the pipeline of a calibrated 640x480 camera with every topic allowed to speak.
struct PathSetup {
  let model: DepthModel
  var settings = PipelineSettings()
  let calibration: CameraCalibration

  init(modelPath: String, inputSize: ImageSize?) throws {
    model = try DepthModel.load(path: modelPath)
    settings.inputSize = inputSize
    settings.scaleConstant = ScaleEstimate(value: 1, logSigma: 0.05, state: .locked, sources: .constant)
    settings.bootID = "00000000-0000-0000-0000-000000000000"
    // Every frame carries every topic: the most the path can be asked to do.
    settings.previewIntervalNanoseconds = 0
    settings.pointsIntervalNanoseconds = 0
    calibration = CameraCalibration(
      name: "scripted",
      intrinsics: CameraIntrinsics(fx: 520, fy: 520, cx: 318, cy: 243, size: CameraBuffers.size),
      distortion: .plumbBob(k1: -0.3, k2: 0.09, p1: 0.0005, p2: -0.0003, k3: 0))
  }

  func pipeline(threads: Int) throws(PipelineError) -> DepthPipeline {
    try DepthPipeline(
      settings: settings, model: model, calibration: calibration, capturedSize: CameraBuffers.size,
      carriesTruth: false, executor: WorkerTeam(width: threads))
  }
}
