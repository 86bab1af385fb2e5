import Foundation
import Geometry
import ImageBuffers
import Quantities
import Testing
import WireFormat

/// Messages as the daemon sends them, committed under clients/python/tests/vectors: the Python client and an
/// independent decoder (written from docs/wire.md alone) read the same bytes.
///
/// After a deliberate change of the format run this suite with DEPTHD_WRITE_VECTORS=1 and review the
/// difference.
@Suite struct WireVectorTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("clients/python/tests/vectors")

  /// Depth 4 x 3: 0.5 m, 1 m, 1.5 m … with one unknown, one beyond range and one too far for 16UC1.
  private func exampleDepth() -> Plane<Float> {
    let plane = Plane<Float>(width: 4, height: 3)
    for index in 0..<12 {
      plane.baseAddress[index / 4 * plane.rowStride + index % 4] = 0.5 * Float(index + 1)
    }
    plane.baseAddress[0] = .nan
    plane.baseAddress[plane.rowStride] = .infinity
    plane.baseAddress[2 * plane.rowStride + 3] = 70
    return plane
  }

  private func payload(of kind: TopicKind, into writer: inout ByteWriter, header: inout DepthHeader) {
    let depth = exampleDepth()
    switch kind {
    case .depth, .unscaled, .truth: PlaneEncoding.encode(depth, into: &writer)
    case .depth16: header.clampedPixels = MillimeterEncoding.encode(depth, into: &writer)
    case .confidence:
      let confidence = Plane<Float>(width: 4, height: 3)
      for index in 0..<12 {
        confidence.baseAddress[index / 4 * confidence.rowStride + index % 4] = Float(index) / 11
      }
      PlaneEncoding.encodeConfidence(confidence, into: &writer)
    case .points:
      guard let intrinsics = header.intrinsics else { return }
      var image = RGBImage(size: header.size)
      image.bytes.fill(0x20)
      header.encoding = .pointsXYZRGB
      PointCloudEncoding.encodeXYZRGB(depth, image: image, intrinsics: intrinsics, into: &writer)
    default: for byte in [0xFF, 0xD8, 0xFF, 0xD9] as [UInt8] { writer.append(byte) }
    }
  }

  private func check(_ bytes: Data, _ name: String) throws {
    let file = Self.folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["DEPTHD_WRITE_VECTORS"] != nil {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try bytes.write(to: file)
    }
    #expect(try Data(contentsOf: file) == bytes, "\(name) differs from the committed bytes")
  }

  @Test(arguments: TopicKind.allCases.filter { $0.channel == .frames })
  func `frame messages are the committed bytes`(kind: TopicKind) throws {
    var header = try fullHeader(kind: kind)
    if kind == .unscaled { header.scale = .init(value: nil, logSigma: nil, state: .unscaled, sources: []) }
    var payloadWriter = ByteWriter()
    payload(of: kind, into: &payloadWriter, header: &header)
    var json = ByteWriter()
    header.encode(into: &json)
    var message = Data(
      count: LatestFrame.byteCount(headerBytes: json.count, payloadBytes: payloadWriter.count))
    message.withUnsafeMutableBytes { target in
      LatestFrame.encodeHead(
        topic: header.topic, sequence: header.sequence, captureTime: header.captureTime, header: json.bytes,
        payloadBytes: payloadWriter.count, into: target)
      let offset = LatestFrame.payloadOffset(headerBytes: json.count)
      UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: payloadWriter.bytes)
    }
    try check(message, "latest-\(kind.rawValue).bin")
    guard kind == .depth else { return }
    try check(Data(header.topic.name.utf8), "stream-depth.0.bin")
    try check(Data(json.bytes), "stream-depth.1.bin")
    try check(Data(payloadWriter.bytes), "stream-depth.2.bin")
  }

  @Test func `status messages are the committed bytes`() throws {
    try check(statusFrame(exampleInfo), "status-info.bin")
    try check(statusFrame(exampleCalibration), "status-calib.bin")
    try check(statusFrame(exampleHealth), "status-health.bin")
    try check(statusFrame(exampleEvent), "status-event.bin")
    try check(statusFrame(exampleOdometry), "status-odometry.bin")
  }
}
