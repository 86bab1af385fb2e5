// Holes through the whole pipeline: from pixels to what is sent, with a network that calls brightness inverse depth.
import DepthPipeline
import Foundation
import Geometry
import ImageBuffers
import ModelBundle
import Quantities
import TestSupport
import Testing
import WireFormat

/// Keeps the last unscaled depth.
private final class DepthSink: FrameSink {
  private(set) var depth: [Float] = []

  func wants(_ kind: TopicKind) -> Bool { kind == .unscaled }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    depth = Array(payload.bindMemory(to: Float.self))
  }
}

@Suite struct HoleStageTests {
  private static let size = ImageSize(width: 320, height: 192)
  private static let lens = CameraIntrinsics(fx: 260, fy: 260, cx: 159.5, cy: 80, size: size)
  private static let mount = CameraMount(heightMeters: 0.6, pitchRadians: 0)
  private let model: DepthModel
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    var network = ONNXBuilder()
    network.input("image", [1, 3, nil, nil])
    network.weights("w", [1, 0, 0], [1, 3, 1, 1])
    network.node("Conv", ["image", "w"], ["inverse_depth"], name: "red")
    network.output("inverse_depth", [1, 1, nil, nil])
    let path = folder.file("red.onnx")
    try Data(network.file).write(to: URL(fileURLWithPath: path))
    model = try DepthModel.load(path: path)
  }

  /// The frame that makes the network see `depth` at each pixel, metres.
  private func frame(_ depth: (_ u: Int, _ v: Int) -> Double) -> CameraFrame {
    let frame = CameraFrame(size: Self.size, carriesTruth: false)
    for v in 0..<Self.size.height {
      for u in 0..<Self.size.width {
        let red = min(255, max(0, 255 / depth(u, v)))
        let pixel = frame.image.bytes.baseAddress + v * frame.image.bytes.rowStride + 3 * u
        for channel in 0..<3 { pixel[channel] = UInt8(red.rounded()) }
      }
    }
    return frame
  }

  /// Flat ground below the camera; `steepness`: how far it falls for each metre ahead, from 2 m on.
  private func ground(_ u: Int, _ v: Int, steepness: Double = 0) -> Double {
    let ray = Self.lens.unproject(u: Double(u), v: Double(v))
    guard ray.y > 0 else { return .infinity }
    let flat = Self.mount.heightMeters / ray.y
    guard flat > 2, steepness > 0 else { return flat }
    // y = h + s (z - 2) on the slope.
    return ray.y > steepness ? (Self.mount.heightMeters - 2 * steepness) / (ray.y - steepness) : .infinity
  }

  private func process(
    _ frame: borrowing CameraFrame, _ change: (inout PipelineSettings) -> Void = { _ in }
  ) throws -> (report: FrameReport, depth: [Float]) {
    var settings = PipelineSettings()
    settings.inputSize = Self.size
    change(&settings)
    var calibration = CameraCalibration(name: "test", intrinsics: Self.lens)
    calibration.mount = Self.mount
    let pipeline = try DepthPipeline(
      settings: settings, model: model, calibration: calibration, capturedSize: Self.size,
      carriesTruth: false, executor: SerialExecutor())
    let sink = DepthSink()
    let report = try pipeline.process(frame, context: FrameContext(), sink: sink)
    return (report, sink.depth)
  }

  private func isInHole(_ u: Int, _ v: Int) -> Bool {
    (180..<220).contains(u) && (120..<150).contains(v)
  }

  @Test func `a hole is NaN with its reason in what is sent, and counted in the report`() throws {
    let (report, depth) = try process(frame { isInHole($0, $1) ? .infinity : ground($0, $1) })
    let share = try #require(report.holeShare)
    #expect(share > 0.015 && share < 0.03)
    for v in stride(from: 122, to: 148, by: 5) {
      for u in stride(from: 182, to: 218, by: 5) {
        let value = depth[v * Self.size.width + u]
        #expect(value.isNaN && value.bitPattern & 0xff == UInt32(HoleFinder.Reason.belowGround.rawValue))
      }
    }
    #expect(depth[170 * Self.size.width + 100].isFinite)
    #expect(report.validRatio < 1 - share)
  }

  @Test func `switched off, nothing is looked for`() throws {
    let (report, depth) = try process(frame { isInHole($0, $1) ? .infinity : ground($0, $1) }) {
      $0.removesHoles = false
    }
    #expect(report.holeShare == nil)
    #expect(depth[135 * Self.size.width + 200] == .infinity)
  }

  @Test(arguments: [0, 0.05, 0.1, 0.2])
  func `ground that falls away is no hole`(steepness: Double) throws {
    let (report, depth) = try process(frame { ground($0, $1, steepness: steepness) })
    #expect(report.holeShare == 0)
    #expect(depth.allSatisfy { !$0.isNaN })
  }
}
