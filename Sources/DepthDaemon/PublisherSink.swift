import DepthPipeline
import Messaging
import Platform
import Quantities
import WireFormat

/// The pipeline's sink in the daemon: the two frame endpoints.
final class PublisherSink: FrameSink {
  private let publisher: FramePublisher
  private var topics: [TopicKind: Topic] = [:]
  /// Messages ZeroMQ refused; a slow subscriber is not one of them.
  let failures: Counter

  init(_ publisher: FramePublisher, camera: String, failures: Counter) throws(WireFormatError) {
    self.publisher = publisher
    self.failures = failures
    for kind in TopicKind.allCases where kind.channel == .frames {
      topics[kind] = try Topic(camera: camera, kind)
    }
  }

  /// Learns who came and went.
  func poll() {
    _ = publisher.poll()
  }

  func wants(_ kind: TopicKind) -> Bool {
    topics[kind].map { publisher.wants($0) } ?? false
  }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    do {
      try publisher.publish(
        topic, sequence: sequence, captureTime: captureTime, header: header, payload: payload)
    } catch { failures.add() }
  }
}
