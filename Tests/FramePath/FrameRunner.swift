import Capture
import DepthPipeline
import ImageBuffers
import Messaging
import Platform
import Quantities
import TestSupport
import WireFormat

/// Takes prepared buffers through mailbox, decoder and pipeline, one frame at a time.
final class FrameRunner {
  private let camera: ScriptedCamera
  private let pool: FramePool
  private let mailbox = Mailbox<FrameLease>()
  private let pipeline: DepthPipeline

  init(_ buffers: CameraBuffers, _ setup: PathSetup, threads: Int) throws {
    camera = try ScriptedCamera(buffers)
    pool = FramePool(count: 4, size: camera.frameSize, carriesTruth: false)
    pipeline = try setup.pipeline(threads: threads)
  }

  /// What the capture thread and then the perception thread do for one frame.
  @discardableResult
  func runFrame(to sink: any FrameSink) throws -> StageTimings {
    guard var lease = pool.lease() else { throw TestFailure("the pool has no free frame") }
    guard case .frame = camera.next(into: &lease, until: MonotonicTime.now()) else {
      throw TestFailure("a prepared buffer could not be decoded")
    }
    mailbox.put(lease)
    guard let received = mailbox.take(until: MonotonicTime.now() + 1_000_000_000) else {
      throw TestFailure("the mailbox lost a frame")
    }
    return try process(received, sink)
  }

  private func process(_ lease: consuming FrameLease, _ sink: any FrameSink) throws -> StageTimings {
    try pipeline.process(lease.frame, context: FrameContext(), sink: sink).timings
  }
}

/// The daemon's own publisher behind the pipeline's sink.
final class SocketSink: FrameSink {
  private let publisher: FramePublisher
  private var topics: [TopicKind: Topic] = [:]

  init(_ directory: EndpointDirectory, camera: String) throws {
    publisher = try FramePublisher(MessagingContext(), directory: directory)
    for kind in TopicKind.allCases where kind.channel == .frames {
      topics[kind] = try Topic(camera: camera, kind)
    }
  }

  func poll() { _ = publisher.poll() }

  /// Returns when both endpoints have a subscriber, or after ten seconds.
  func waitForSubscribers() {
    guard let topic = topics[.depth] else { return }
    let patience = MonotonicTime.now() + 10_000_000_000
    while publisher.subscriberCount(of: topic) < 2 && MonotonicTime.now() < patience { poll() }
  }

  func wants(_ kind: TopicKind) -> Bool { topics[kind].map { publisher.wants($0) } ?? false }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    // A full queue is ZeroMQ's to drop; any other failure shows in the listener's count.
    _ = try? publisher.publish(
      topic, sequence: sequence, captureTime: captureTime, header: header, payload: payload)
  }
}
