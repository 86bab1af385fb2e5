import DepthPipeline
package import Messaging
package import Platform
package import Quantities
package import WireFormat

/// The pipeline's sink in the daemon: the two frame endpoints.
package final class PublisherSink: FrameSink {
  private let publisher: FramePublisher
  private var topics: [TopicKind: Topic] = [:]
  /// Messages ZeroMQ refused; a slow subscriber is not one of them.
  package let failures: Counter
  private let subscribers: SubscriberCounts

  package init(
    _ publisher: FramePublisher, camera: String, failures: Counter,
    subscribers: SubscriberCounts = SubscriberCounts()
  ) throws(WireFormatError) {
    self.publisher = publisher
    self.failures = failures
    self.subscribers = subscribers
    for kind in TopicKind.allCases where kind.channel == .frames {
      topics[kind] = try Topic(camera: camera, kind)
    }
  }

  /// Learns who came and went.
  package func poll() {
    if !publisher.poll().isEmpty { subscribers.update(publisher, topics: topics) }
  }

  package func wants(_ kind: TopicKind) -> Bool {
    topics[kind].map { publisher.wants($0) } ?? false
  }

  package func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    do {
      try publisher.publish(
        topic, sequence: sequence, captureTime: captureTime, header: header, payload: payload)
    } catch { failures.add() }
  }
}
