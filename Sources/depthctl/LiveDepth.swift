// What the live view knows: the newest depth, image and truth of one camera, and how they arrive.
import DepthClient
import Foundation
import ImageBuffers
import ImageCodecs
import Messaging
import Platform
import Quantities
import WireFormat

final class LiveDepth {
  let camera: String
  let client: DepthClient
  private let metric: FrameSubscription
  private let unscaled: FrameSubscription
  private let image: FrameSubscription
  private let truth: FrameSubscription
  private var truths: [MonotonicTime: ReceivedFrame] = [:]
  private var latencies: [Double] = []
  /// Rate and losses come from the topic that never falls silent.
  var statistics: SubscriptionStatistics { unscaled.statistics }
  var statisticsSubscription: FrameSubscription { unscaled }
  var hasImage: Bool { image.newest != nil }

  private(set) var shown: ReceivedFrame?
  private(set) var error: LiveDepthError?

  init(_ client: DepthClient, camera: String) throws {
    self.client = client
    self.camera = camera
    metric = try client.subscribe(camera: camera, .depth, delivery: .everything(queue: 8))
    unscaled = try client.subscribe(camera: camera, .unscaled, delivery: .everything(queue: 8))
    image = try client.subscribe(camera: camera, .image)
    truth = try client.subscribe(camera: camera, .truth, delivery: .everything(queue: 8))
  }

  /// Takes what has arrived; waits up to `milliseconds` for the first frame.
  ///
  /// False when nothing came.
  func update(milliseconds: Int) throws -> Bool {
    guard let first = unscaled.next(milliseconds: milliseconds) else { return false }
    collectTruth()
    var newest = first
    note(first)
    while let frame = unscaled.next(milliseconds: 0) {
      note(frame)
      newest = frame
    }
    while let frame = metric.next(milliseconds: 0) { newest = frame }
    shown = newest
    try compare(newest)
    return true
  }

  /// Milliseconds from capture to arrival here, over the last 300 frames: median and 99th percentile.
  var latency: (median: Double, p99: Double)? {
    guard !latencies.isEmpty else { return nil }
    let sorted = latencies.sorted()
    return (sorted[sorted.count / 2], sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
  }

  /// The newest camera image, decoded small; nil when there is none or it cannot be decoded.
  func decodeImage(_ decoder: JPEGDecoder, atLeast size: ImageSize) -> RGBImage? {
    guard let frame = image.newest else { return nil }
    return frame.withPayload { payload -> RGBImage? in
      guard let header = try? decoder.header(of: payload.bytes) else { return nil }
      var small = RGBImage(size: header.smallestDecodableSize(atLeast: size))
      guard (try? decoder.decode(payload.bytes, into: &small)) != nil else { return nil }
      return small
    }
  }

  private func note(_ frame: ReceivedFrame) {
    guard let bootID, bootID == frame.header.bootID else { return }
    if latencies.count == 300 { latencies.removeFirst() }
    latencies.append(Double(frame.receivedAt - frame.header.captureTime) * 1e-6)
  }

  private let bootID = BootIdentity.read()

  private func collectTruth() {
    while let frame = truth.next(milliseconds: 0) { truths[frame.header.captureTime] = frame }
    guard truths.count > 16 else { return }
    for old in truths.keys.sorted().dropLast(16) { truths[old] = nil }
  }

  private func compare(_ frame: ReceivedFrame) throws {
    collectTruth()
    guard let exact = truths[frame.header.captureTime] else { return }
    let isMetric = frame.header.topic.kind == .depth
    error = LiveDepthError(
      depth: try frame.makeDepthPlane(), truth: try exact.makeDepthPlane(), medianScaled: !isMetric)
  }
}
