public import Quantities

/// Why a pipeline cannot be built or a frame cannot be processed.
public enum PipelineError: ReportableError, Equatable {
  /// The frame has another size than the pipeline was built for.
  case frameSize(found: ImageSize, expected: ImageSize)
  /// The calibration does not fit the frames the camera delivers.
  case calibration(String)
  /// The model cannot run at the chosen size.
  case model(String)
  /// The network size asked for in the configuration is unusable.
  case inputSize(asked: ImageSize, reason: String)

  public var severity: ErrorSeverity {
    switch self {
    case .frameSize: .skip
    case .calibration, .model, .inputSize: .degrade
    }
  }

  public var description: String {
    switch self {
    case .frameSize(let found, let expected):
      "pipeline: a frame is \(found) but the pipeline was built for \(expected); the frame is dropped"
    case .calibration(let reason): "calibration: \(reason)"
    case .model(let reason): "model: \(reason)"
    case .inputSize(let asked, let reason):
      "model.input_size \(asked): \(reason). Set model.input_size = \"auto\" to let the model choose."
    }
  }
}
