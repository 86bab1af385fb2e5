public import ImageBuffers
import Platform
public import Quantities

/// A live camera behind Video4Linux that may be absent, vanish and come back at any time.
public final class V4L2Source: FrameSource {
  public private(set) var frameSize: ImageSize
  public let carriesTruth = false
  public private(set) var nominalRateHz: Double
  public let counters: CaptureCounters
  /// The camera connected at present, for the log; nil while there is none.
  public var connection: CameraConnection? { stream?.connection }

  public var connectionDescription: String? { connection?.description }

  private let settings: CameraSettings
  private let kernel: any V4L2Kernel
  private let catalog: any CameraCatalog
  private var stream: CameraStream?
  /// The camera this source started with.
  private var firstNode: CameraNode?
  private var lastError = CaptureError.camera(.absent(selector: "", attached: []))
  private var lastAttempt = MonotonicTime(nanoseconds: 0)

  /// `init` cannot report why it did not connect: the first `next` does.
  private var hasUntoldError = false
  private var attemptsInVain = 0
  /// Time until the next look for an absent camera when nothing announces it: soon after a loss, since most
  /// are glitches, then twice as late each time up to a second.
  private var retryNanoseconds: Int64 { min(1_000_000_000, 100_000_000 << Int64(min(4, attemptsInVain))) }
  /// The least time between attempts, however many device events arrive.
  private static let settleNanoseconds: Int64 = 100_000_000

  /// Connects if the camera is there; if not, `next` keeps looking.
  public convenience init(_ settings: CameraSettings, counters: CaptureCounters = CaptureCounters()) {
    self.init(settings, counters: counters, kernel: LinuxV4L2Kernel(), catalog: LinuxCameraCatalog())
  }

  package init(
    _ settings: CameraSettings, counters: CaptureCounters = CaptureCounters(), kernel: any V4L2Kernel,
    catalog: any CameraCatalog
  ) {
    self.settings = settings
    self.counters = counters
    self.kernel = kernel
    self.catalog = catalog
    frameSize = settings.size
    nominalRateHz = settings.rateHz
    hasUntoldError = !connect()
  }

  public func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome {
    guard let stream else { return reconnect(until: deadline) }
    guard lease.frame.image.size == frameSize else { return .reconfigured }
    switch stream.next(into: &lease, until: deadline) {
    case .frame: return .frame
    case .timeout: return .timeout
    case .corrupt(let fault): return .corrupt(.camera(fault))
    case .pausing(let fault): return .unavailable(.camera(fault))
    case .lost(let fault):
      // Closing is what lets the kernel free the old node, so it comes before looking for the new one.
      self.stream = nil
      lastError = .camera(fault)
      lastAttempt = kernel.now()
      attemptsInVain = 0
      return .unavailable(lastError)
    }
  }

  public func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample] { [] }

  private func reconnect(until deadline: MonotonicTime) -> FrameOutcome {
    if hasUntoldError {
      hasUntoldError = false
      return .unavailable(lastError)
    }
    let nextAttempt = lastAttempt + retryNanoseconds
    if kernel.now() < nextAttempt {
      let isNew = catalog.waitForChange(until: min(deadline, nextAttempt))
      if isNew { kernel.sleep(until: min(deadline, lastAttempt + Self.settleNanoseconds)) }
      let mayTry = isNew && kernel.now() >= lastAttempt + Self.settleNanoseconds
      guard mayTry || kernel.now() >= nextAttempt else { return .unavailable(lastError) }
    }
    let isFirst = firstNode == nil
    guard connect() else { return .unavailable(lastError) }
    if !isFirst { counters.reconnects.add() }
    return .reconfigured
  }

  private func connect() -> Bool {
    lastAttempt = kernel.now()
    do throws(CaptureError) {
      let node = try findNode()
      let stream = try CameraStream(node, settings: settings, kernel: kernel, counters: counters)
      self.stream = stream
      firstNode = firstNode ?? node
      frameSize = stream.connection.frameSize
      nominalRateHz = stream.connection.mode.rateHz
      attemptsInVain = 0
      return true
    } catch {
      lastError = naming(error)
      attemptsInVain += 1
      return false
    }
  }

  /// The same error; of a busy camera with who has it, since that is what a person asks next.
  private func naming(_ error: CaptureError) -> CaptureError {
    guard case .camera(.busy(let path, _)) = error else { return error }
    return .camera(.busy(path: path, holders: kernel.holders(of: path)))
  }

  private func findNode() throws(CaptureError) -> CameraNode {
    guard let firstNode else { return try catalog.find(settings.selector) }
    if let same = catalog.find(again: firstNode) { return same }
    let other = try catalog.find(settings.selector)
    guard settings.acceptAnyCamera else {
      throw .camera(.different(wanted: "\(firstNode.identity)", found: other.label))
    }
    return other
  }
}
