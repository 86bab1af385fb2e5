// Frames of the shipped small model with the golden vectors' random completion network, through the whole pipeline.
import Completion
import DepthPipeline
import Foundation
import Geometry
import ImageBuffers
import ModelBundle
import Quantities
import Scale
import TestSupport
import Testing
import WireFormat

/// Keeps the last messages of the network's depth and of its confidence.
private final class DepthSink: FrameSink {
  private(set) var header = Data()
  private(set) var payload: [UInt8] = []
  private(set) var confidence: [UInt8] = []

  func wants(_ kind: TopicKind) -> Bool { kind == .unscaled || kind == .confidence }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    if topic.kind == .confidence { return confidence = Array(payload) }
    self.header = Data(header)
    self.payload = Array(payload)
  }
}

@Suite struct CompletedFrameTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let shipped = root.appendingPathComponent("models/lite").path
  private static let frameSize = ImageSize(width: 256, height: 128)

  /// The shipped bundle with other weights of a completion network, and without any.
  private static func model(completes: Bool) throws -> DepthModel {
    let vectors =
      ProcessInfo.processInfo.environment["DEPTHD_VECTORS"].map { URL(fileURLWithPath: $0) }
      ?? root.appendingPathComponent(".vectors")
    let folder = try TemporaryFolder()
    let manifest = try Data(contentsOf: URL(fileURLWithPath: shipped + "/bundle.json"))
    var json = try #require(try JSONSerialization.jsonObject(with: manifest) as? [String: Any])
    var files = try #require(json["files"] as? [String: String])
    files["san.safetensors"] = nil
    for name in files.keys {
      try FileManager.default.copyItem(atPath: "\(shipped)/\(name)", toPath: folder.file(name))
    }
    if completes {
      let san = try Data(
        contentsOf: vectors.appendingPathComponent("completion-rpr-lite-416x128/san.safetensors"))
      try san.write(to: URL(fileURLWithPath: folder.file("san.safetensors")))
      files["san.safetensors"] = SHA256.hexadecimal(of: Array(san))
    }
    json["files"] = files
    try JSONSerialization.data(withJSONObject: json).write(
      to: URL(fileURLWithPath: folder.file("bundle.json")))
    return try DepthModel.load(path: folder.path)
  }

  private func pipeline(
    completes: Bool = true, scale: Double = 1, model: DepthModel? = nil
  ) throws -> DepthPipeline {
    var settings = PipelineSettings()
    settings.inputSize = Self.frameSize
    settings.nearestMeters = 0.0001
    settings.farthestMeters = 100_000
    settings.removesHoles = false
    settings.ranges.farthestMeters = 1000
    settings.scaleConstant = ScaleEstimate(
      value: scale, logSigma: 0.05, state: .locked, sources: .constant)
    let calibration = CameraCalibration(
      name: "front", intrinsics: CameraIntrinsics(fx: 180, fy: 180, cx: 127.5, cy: 63.5, size: Self.frameSize)
    )
    return try DepthPipeline(
      settings: settings, model: try model ?? Self.model(completes: completes), calibration: calibration,
      capturedSize: Self.frameSize, carriesTruth: false, executor: SerialExecutor())
  }

  private func frame(points count: Int, timesDepth factor: Float = 1) -> CameraFrame {
    var frame = CameraFrame(size: Self.frameSize, carriesTruth: false)
    for y in 0..<Self.frameSize.height {
      var row = frame.image.bytes.mutableRow(y)
      for x in 0..<3 * Self.frameSize.width { row[x] = UInt8((x * 7 + y * 13) % 251) }
    }
    var random = SeededGenerator(seed: 5)
    // One in each cell of 4x4 pixels at most, so that as many are valid as are given.
    for cell in (0..<64 * 32).shuffled(using: &random).prefix(count) {
      frame.rangePixels.append(
        RangePixel(
          u: Float(4 * (cell % 64)), v: Float(4 * (cell / 64)),
          depthMeters: factor * Float.random(in: 2...30, using: &random)))
    }
    return frame
  }

  private func run(
    _ pipeline: DepthPipeline, _ frame: borrowing CameraFrame
  ) throws -> (header: [String: Any], depth: [UInt8], confidence: [UInt8], report: FrameReport) {
    let sink = DepthSink()
    let report = try pipeline.process(frame, context: FrameContext(), sink: sink)
    let header = try #require(try JSONSerialization.jsonObject(with: sink.header) as? [String: Any])
    return (header, sink.payload, sink.confidence, report)
  }

  @Test
  func `completion begins at eighty points, ends below fifty, each within one frame, and leaves no trace`()
    throws
  {
    let plain = try pipeline(completes: false)
    let completing = try pipeline()
    let predicted = try run(plain, frame(points: 0)).depth
    for (count, mode) in [
      (0, "prediction"), (79, "prediction"), (80, "completion"), (50, "completion"), (49, "prediction"),
      (79, "prediction"), (300, "completion"), (0, "prediction"), (0, "prediction"), (120, "completion"),
    ] {
      let result = try run(completing, frame(points: count))
      #expect(result.header["mode"] as? String == mode, "\(count) points")
      if mode == "prediction" {
        #expect(
          result.depth == predicted, "\(count) points: not the bundle without san.safetensors, to the bit")
        #expect(result.header["sparse_points"] == nil && result.header["sparse_age_ms"] == nil)
      } else {
        #expect(result.depth != predicted)
        #expect(
          result.header["sparse_points"] as? Int == count && result.header["sparse_age_ms"] as? Double == 0)
      }
      #expect(try run(plain, frame(points: count)).header["mode"] as? String == "prediction")
    }
  }

  @Test func `points enter divided by the scale`() throws {
    // Powers of two, so that floats are exact: twice the scale and twice the metres are the same to the network.
    let one = try run(try pipeline(), frame(points: 400))
    let two = try run(try pipeline(scale: 2), frame(points: 400, timesDepth: 2))
    let other = try run(try pipeline(scale: 2), frame(points: 400))
    #expect(one.depth == two.depth && one.depth != other.depth)
  }

  /// A sensor that says what the network says, times an error of the scale: depth moves by that and no more.
  @Test(arguments: [0.0, 0.1, -0.1])
  func `a first arrival moves depth by as much as the scale is off`(logError: Float) throws {
    let pipeline = try pipeline(scale: 2.5)
    let before = try run(pipeline, frame(points: 0)).depth
    func depth(_ bytes: [UInt8]) -> [Float] { bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
    let predicted = depth(before)
    var frame = frame(points: 0)
    for row in stride(from: 1, to: Self.frameSize.height, by: 4) {
      for column in stride(from: 1, to: Self.frameSize.width, by: 4) {
        let truth = predicted[row * Self.frameSize.width + column] * 2.5 * exp(logError)
        frame.rangePixels.append(RangePixel(u: Float(column), v: Float(row), depthMeters: truth))
      }
    }
    let after = try run(pipeline, frame)
    #expect(after.header["mode"] as? String == "completion")
    let jumps = zip(depth(after.depth), predicted).map { log($0 / $1) }.sorted()
    #expect(abs(jumps[jumps.count / 2] - logError) < 0.02)
    // One pixel in ten may move otherwise: the random network's own additions, between the points.
    #expect(jumps[jumps.count / 20] > logError - 0.1 && jumps[jumps.count * 19 / 20] < logError + 0.1)
  }

  @Test func `confidence rises near points and is the prediction's far from them`() throws {
    // As it ships: what a random completion network adds would reach everywhere.
    let pipeline = try pipeline(model: DepthModel.load(path: Self.shipped))
    let alone = try run(pipeline, frame(points: 0))
    // All in the left of the image.
    var frame = frame(points: 0)
    let depth = alone.depth.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    for row in stride(from: 1, to: Self.frameSize.height, by: 8) {
      for column in stride(from: 1, to: 64, by: 8) {
        let meters = depth[row * Self.frameSize.width + column]
        frame.rangePixels.append(RangePixel(u: Float(column), v: Float(row), depthMeters: meters))
      }
    }
    let completed = try run(pipeline, frame)
    #expect(completed.header["mode"] as? String == "completion")
    /// Mean of what completion changed over some columns, of 255.
    func gain(_ columns: Range<Int>) -> Double {
      var sum = 0
      for row in 0..<Self.frameSize.height {
        for column in columns {
          let pixel = row * Self.frameSize.width + column
          sum += Int(completed.confidence[pixel]) - Int(alone.confidence[pixel])
        }
      }
      return Double(sum) / Double(columns.count * Self.frameSize.height)
    }
    #expect(gain(0..<64) > 60, "\(gain(0..<64))")
    #expect(gain(0..<64) > gain(64..<128) && gain(64..<128) > gain(192..<256))
    #expect(abs(gain(192..<256)) < 3, "\(gain(192..<256))")
    // And nothing of it stays.
    #expect(try run(pipeline, self.frame(points: 0)).confidence == alone.confidence)
  }

  @Test func `the scale is learned from depth without points, and what was published stays`() throws {
    let pipeline = try pipeline()
    let time = MonotonicTime(nanoseconds: 1)
    let count = Self.frameSize.pixelCount
    let alone = try run(pipeline, frame(points: 0))
    let completed = try run(pipeline, frame(points: 400))
    #expect(pipeline.isCompleted)
    let seen = try #require(pipeline.predictedFrame(time: time))
    let published = try #require(pipeline.publishedFrame(time: time))
    func bytes(_ depth: UnsafePointer<Float>) -> [UInt8] {
      Array(UnsafeRawBufferPointer(start: depth, count: 4 * count))
    }
    #expect(bytes(seen.depth) == alone.depth)
    #expect(bytes(published.depth) == completed.depth && completed.depth != alone.depth)
    #expect(pipeline.rangeRatios().count == 400)
    // Nothing of it reaches the next frame.
    #expect(try run(pipeline, frame(points: 0)).depth == alone.depth)
  }

  @Test func `more points than the cap are thinned, not refused`() throws {
    var settings = PipelineSettings()
    settings.inputSize = Self.frameSize
    settings.ranges.mostPoints = 100
    let pipeline = try DepthPipeline(
      settings: settings, model: try Self.model(completes: true), calibration: nil,
      capturedSize: Self.frameSize, carriesTruth: false, executor: SerialExecutor())
    let result = try run(pipeline, frame(points: 1500))
    #expect(result.report.ranges.completing == 100 && result.report.ranges.counts.kept == 1500)
  }
}
