import CV4L2
import Capture
import Glibc
import ImageBuffers
import Platform
import Quantities

/// A scripted camera, a source that uses it and a frame to fill.
final class CameraBench {
  static let size = ImageSize(width: 16, height: 4)
  static let node = CameraNode(
    path: "/dev/video0", name: "Scripted", index: 0, location: "pci/usb1/1-2/1-2:1.0",
    usb: CameraNode.USB(vendor: "046d", product: "0825", serial: "S1", port: "1-2", megabitsPerSecond: 480))

  let kernel = ScriptedKernel()
  let camera = ScriptedCamera()
  let source: V4L2Source
  private var lease: FrameLease

  init(
    isAttached: Bool = true, settings change: (inout CameraSettings) -> Void = { _ in },
    prepare: (ScriptedCamera, ScriptedKernel) -> Void = { _, _ in }
  ) throws {
    var settings = CameraSettings(size: Self.size, discardFirstFrames: 0)
    change(&settings)
    if isAttached { kernel.attach(camera, Self.node) }
    prepare(camera, kernel)
    source = V4L2Source(settings, kernel: kernel, catalog: kernel)
    lease = try Self.newLease(source.frameSize)
  }

  private static func newLease(_ size: ImageSize) throws -> FrameLease {
    guard let lease = FramePool(count: 1, size: size, carriesTruth: false).lease() else {
      throw SystemErrno(ENOMEM)
    }
    return lease
  }

  /// Calls the source once, with a deadline so far ahead.
  func next(within seconds: Double = 0.5) -> FrameOutcome {
    source.next(into: &lease, until: kernel.now() + Int64(seconds * 1e9))
  }

  /// Calls the source until it delivers, following its changes of size, and says what came before.
  func nextFrame(within seconds: Double = 20) -> [String] {
    var events: [String] = []
    let end = kernel.now() + Int64(seconds * 1e9)
    while kernel.now() < end {
      let outcome = next()
      events.append(word(outcome))
      if case .frame = outcome { return events }
      if case .reconfigured = outcome, let fresh = try? Self.newLease(source.frameSize) { lease = fresh }
    }
    return events + ["never"]
  }

  var metadata: FrameMetadata { lease.frame.metadata }
  var firstPixel: UInt8 { lease.frame.image.bytes.baseAddress[0] }

  func word(_ outcome: FrameOutcome) -> String {
    switch outcome {
    case .frame: "frame"
    case .timeout: "timeout"
    case .corrupt(let error): "corrupt: \(error)"
    case .reconfigured: "reconfigured"
    case .unavailable(let error): "unavailable: \(error)"
    case .ended: "ended"
    }
  }
}
