import DepthClient
import Messaging
import Platform
import Quantities
import WireFormat

/// What arrives at a subscriber of the daemon.
final class Subscriber {
  /// What came in during some seconds.
  struct Reception {
    var frames = 0
    var isInOrder = true
    var worstAgeSeconds = 0.0
    var clocks: Set<String> = []
    var last: DepthHeader?
    var captured: [MonotonicTime] = []

    var rateHz: Double {
      guard let first = captured.first, let last = captured.last, last > first else { return 0 }
      return Double(captured.count - 1) / (Double(last - first) * 1e-9)
    }
  }

  private let client: DepthClient
  private let depth: FrameSubscription

  init() throws(DepthClientError) {
    client = try DepthClient(EndpointDirectory(path: Daemon.directory))
    depth = try client.subscribe(camera: Daemon.camera, .depth, delivery: .everything(queue: 1000))
  }

  /// Takes frames for so many seconds, or until there are enough.
  func receive(seconds: Double, frames wanted: Int = .max) -> Reception {
    var seen = Reception()
    let end = MonotonicTime.now() + Int64(seconds * 1e9)
    while .now() < end && seen.frames < wanted {
      guard let frame = depth.next(milliseconds: 100) else { continue }
      if let last = seen.last, frame.header.sequence <= last.sequence { seen.isInOrder = false }
      if let last = seen.captured.last, frame.header.captureTime <= last { seen.isInOrder = false }
      seen.frames += 1
      seen.captured.append(frame.header.captureTime)
      seen.last = frame.header
      if let source = frame.header.clock?.source { seen.clocks.insert(source) }
      seen.worstAgeSeconds = max(seen.worstAgeSeconds, depth.ageSeconds(of: frame) ?? .infinity)
    }
    return seen
  }

  /// Throws away what waits, so that the next frame is a new one.
  func drain() {
    while depth.next(milliseconds: 1) != nil {}
  }

  /// Waits until the daemon's health says what is wanted; the last health either way.
  func health(seconds: Double, until holds: (HealthMessage) -> Bool) -> HealthMessage? {
    let end = MonotonicTime.now() + Int64(seconds * 1e9)
    while .now() < end {
      if let health = client.status.health(ofCamera: Daemon.camera)?.message, holds(health) { return health }
      _ = depth.next(milliseconds: 50)
    }
    return client.status.health(ofCamera: Daemon.camera)?.message
  }
}
