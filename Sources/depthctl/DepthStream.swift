// One camera's depth for measuring: metric if it speaks, else in the network's unit.
import DepthClient
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

final class DepthStream {
  let camera: String
  let client: DepthClient
  private(set) var isMetric = false
  private let metric: FrameSubscription
  private let unscaled: FrameSubscription
  private let timeout: Double

  var topicName: String { (isMetric ? metric : unscaled).topic.name }

  /// - Parameters:
  ///   - camera: nil = the daemon's first.
  ///   - timeout: seconds to wait for each frame.
  init(_ directory: EndpointDirectory, camera: String?, timeout: Double) throws {
    client = try DepthClient(directory)
    self.timeout = timeout
    self.camera = try client.camera(named: camera, milliseconds: Int(timeout * 1000))
    metric = try client.subscribe(camera: self.camera, .depth)
    unscaled = try client.subscribe(camera: self.camera, .unscaled)
    // Both topics carry the same frames, so one of each tells which of them speaks.
    let deadline = MonotonicTime.now() + Int64(timeout * 1e9)
    while MonotonicTime.now() < deadline, !Interrupt.isRequested {
      guard let frame = unscaled.next(milliseconds: 100) else { continue }
      isMetric = frame.header.scale.map { $0.state == .locked || $0.state == .held } ?? false
      return
    }
  }

  /// The next frame; nil after the timeout or Ctrl-C.
  func next() -> ReceivedFrame? {
    let deadline = MonotonicTime.now() + Int64(timeout * 1e9)
    while MonotonicTime.now() < deadline, !Interrupt.isRequested {
      if let frame = (isMetric ? metric : unscaled).next(milliseconds: 100) { return frame }
    }
    return nil
  }
}
