import DepthPipeline
import Foundation
import ImageBuffers
import ModelBundle
import Quantities
import TestSupport
import Testing
import WireFormat

/// Wants the camera's picture and nothing else.
private final class PictureSink: FrameSink {
  func wants(_ kind: TopicKind) -> Bool { kind == .image }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {}
}

@Suite struct PictureFailureTests {
  /// Wider than JPEG can be.
  private let capturedSize = ImageSize(width: 70000, height: 32)
  private let folder: TemporaryFolder
  private let model: DepthModel

  init() throws {
    folder = try TemporaryFolder()
    var network = ONNXBuilder()
    network.input("image", [1, 3, nil, nil])
    network.weights("w", [0.1, 0.2, 0.3], [1, 3, 1, 1])
    network.node("Conv", ["image", "w"], ["sum"], name: "sum")
    network.node("Sigmoid", ["sum"], ["disparity"], name: "squash")
    network.output("disparity", [1, 1, nil, nil])
    let path = folder.file("tiny.onnx")
    try Data(network.file).write(to: URL(fileURLWithPath: path))
    model = try DepthModel.load(path: path)
  }

  private func pipeline() throws -> DepthPipeline {
    var settings = PipelineSettings()
    settings.inputSize = ImageSize(width: 64, height: 32)
    return try DepthPipeline(
      settings: settings, model: model, calibration: nil, capturedSize: capturedSize, carriesTruth: false,
      executor: SerialExecutor())
  }

  @Test func `pictures that cannot be made are counted on from one pipeline to the next`() throws {
    let frame = CameraFrame(size: capturedSize, carriesTruth: false)
    let sink = PictureSink()
    let first = try pipeline()
    for expected in 1...2 as ClosedRange<UInt64> {
      #expect(try first.process(frame, context: FrameContext(), sink: sink).failedPictures == expected)
    }
    let second = try pipeline()
    second.sequences = first.sequences
    #expect(try second.process(frame, context: FrameContext(), sink: sink).failedPictures == 3)
  }
}
