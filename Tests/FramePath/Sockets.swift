import DepthDaemon
import Messaging
import Platform
import Quantities
import TestSupport
import WireFormat

/// The daemon's own sink and endpoints in a folder of their own, with a subscriber to everything on both.
final class Sockets {
  let sink: PublisherSink
  let listener: Listener
  private let folder: TemporaryFolder

  /// Returns when both endpoints have their subscriber, or after ten seconds; the subscriber reads once started.
  init(camera: String) throws {
    folder = try TemporaryFolder()
    let directory = EndpointDirectory(path: folder.path)
    let publisher = try FramePublisher(MessagingContext(), directory: directory)
    sink = try PublisherSink(publisher, camera: camera, failures: Counter())
    listener = Listener(directory)
    let depth = try Topic(camera: camera, .depth)
    let patience = MonotonicTime.now() + 10_000_000_000
    while publisher.subscriberCount(of: depth) < 2 && MonotonicTime.now() < patience { sink.poll() }
  }

  deinit { listener.stop() }
}
