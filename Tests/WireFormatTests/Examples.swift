import Foundation
import Geometry
import Quantities
import WireFormat

/// One header with every field, the same in tests, documentation and the Python client's vectors.
func fullHeader(kind: TopicKind = .depth, width: Int = 4, height: Int = 3) throws -> DepthHeader {
  let size = ImageSize(width: width, height: height)
  var header = DepthHeader(
    topic: try Topic(camera: "front", kind), frameID: "front_camera_optical", size: size)
  header.sequence = 1234
  header.stamp = WallTime(nanoseconds: 1_790_000_000_123_456_789)
  header.captureTime = MonotonicTime(nanoseconds: 86_400_000_000_042)
  header.bootID = "8f3c4f0e-1111-2222-3333-444455556666"
  header.clock = .init(offsetNanoseconds: 1_789_913_600_123_456_747, steps: 2, source: "start_of_exposure")
  header.sourceTimeSeconds = 41.2
  header.intrinsics = CameraIntrinsics(fx: 415.25, fy: 415.5, cx: 1.5, cy: 1, size: size)
  header.range = .init(minimum: 0.1, maximum: 80)
  header.calibrationID = "c0ffee01"
  header.generation = 12
  header.model = .init(name: "rpr-lite-416x128", hash: "9f86d081884c7d65")
  header.validRatio = 0.75
  header.clampedPixels = 1
  header.confidence = .init(mean: 0.81, tenthPercentile: 0.4)
  header.scale = .init(
    value: 1.031, logSigma: 0.012, state: .locked, sources: [.pose, .height], ageSeconds: 41)
  header.odometry = .init(speedMetersPerSecond: 1.25, yawRateRadiansPerSecond: -0.1, ageMilliseconds: 11)
  header.mode = .completion
  header.sparsePoints = 412
  var timing = DepthHeader.Timing()
  timing.exposureMicroseconds = 8000
  timing.wait = 2
  timing.decode = 0.75
  timing.rectify = 0.5
  timing.infer = 31.25
  timing.post = 0.5
  timing.total = 35
  header.timing = timing
  header.drops = .init(camera: 3, pipeline: 5)
  header.degraded.insert(.scaleHeld)
  header.degraded.insert(.lowRate)
  return header
}

func minimalHeader() throws -> DepthHeader {
  DepthHeader(
    topic: try Topic(camera: "rear", .unscaled), frameID: "rear_optical",
    size: ImageSize(width: 2, height: 1))
}

func jsonBytes(_ header: DepthHeader) -> Data {
  var writer = ByteWriter()
  header.encode(into: &writer)
  return Data(writer.bytes)
}

func jsonText(_ header: DepthHeader) -> String {
  String(decoding: jsonBytes(header), as: UTF8.self)
}

func statusFrame(_ message: some StatusMessage) -> Data {
  var writer = ByteWriter()
  message.encodeFrame(into: &writer)
  return Data(writer.bytes)
}
