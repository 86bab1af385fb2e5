public import CANSignals
import CSocketCAN
import Glibc
public import Quantities

/// One CAN interface as a source of frames: opened when it is there, again when it comes back, and never in a hurry.
///
/// Receives only the wanted identifiers (the kernel filters), and never sends. Made and used on one thread, which owns
/// the socket; what it waits for is a frame or the deadline.
/// - Source: Linux, Documentation/networking/can.rst.
public final class CANLink {
  /// What came.
  public enum Outcome: Equatable, Sendable {
    case frame(CANFrame)
    /// Nothing until the deadline; `fault` says whether anything can come.
    case timeout
    /// The state changed: see `fault`.
    case changed
  }

  /// What was seen so far.
  public struct Counts: Equatable, Sendable {
    public var frames: UInt64 = 0
    /// Error frames of the controller.
    public var errors: UInt64 = 0
    /// Lost in the socket because they were not fetched in time.
    public var dropped: UInt64 = 0
    /// How often the socket was opened.
    public var openings: UInt64 = 0

    public init() {}
  }

  public let interface: String
  /// Why nothing, or less than all, can come; nil = all is well.
  public private(set) var fault: CANFault?
  public private(set) var counts = Counts()

  private let identifiers: [UInt32]
  private let kernel: any CANKernel
  private var descriptor: Int32?
  /// When to look at the interface next: to open it, or to see whether it is still there.
  private var nextLook: MonotonicTime
  private var droppedBefore: UInt64 = 0

  private static let lookInterval: Int64 = 1_000_000_000

  /// - Parameters:
  ///   - interface: for example `can0`.
  ///   - identifiers: of the frames to receive, 64 at most.
  public convenience init(interface: String, identifiers: Set<CANIdentifier>) {
    self.init(interface: interface, identifiers: identifiers, kernel: LinuxCANKernel())
  }

  package init(interface: String, identifiers: Set<CANIdentifier>, kernel: any CANKernel) {
    self.interface = interface
    self.identifiers = identifiers.map(\.kernelForm).sorted()
    self.kernel = kernel
    nextLook = kernel.now()
  }

  deinit {
    if let descriptor { kernel.close(descriptor) }
  }

  /// Waits for the next frame.
  public func next(until deadline: MonotonicTime) -> Outcome {
    if kernel.now() >= nextLook {
      nextLook = kernel.now() + Self.lookInterval
      if look() { return .changed }
    }
    let limit = min(deadline, nextLook)
    guard let descriptor else {
      kernel.sleep(until: limit)
      return .timeout
    }
    guard kernel.wait(for: descriptor, until: limit) else { return .timeout }
    switch kernel.receive(descriptor) {
    case .nothing: return .timeout
    case .failure(let error): return lose(error)
    case .frame(let raw): return take(raw)
    }
  }

  /// What is wrong with an interface, without opening it; nil = it can be listened to.
  public static func fault(of interface: String) -> CANFault? {
    switch LinuxCANKernel().look(at: interface) {
    case .absent: .absent(interface: interface)
    case .notCAN: .notCAN(interface: interface)
    case .down: .down(interface: interface)
    case .busOff: .busOff(interface: interface)
    case .up: nil
    }
  }

  // MARK: the interface

  /// Opens the interface, or sees whether it is still usable. Returns whether the state changed.
  private func look() -> Bool {
    switch kernel.look(at: interface) {
    case .absent: return close(because: .absent(interface: interface))
    case .notCAN: return close(because: .notCAN(interface: interface))
    case .down: return close(because: .down(interface: interface))
    case .busOff(let index):
      let opened = open(index)
      return enter(.busOff(interface: interface)) || opened
    case .up(let index):
      let changed = open(index)
      guard descriptor != nil else { return changed }
      // A bus-off controller has its carrier back; of an error-passive one, only frames tell that it is well again.
      if case .errorPassive? = fault { return changed }
      return enter(nil) || changed
    }
  }

  /// Opens unless it is open. Returns whether the state changed.
  private func open(_ index: UInt32) -> Bool {
    guard descriptor == nil else { return false }
    do {
      descriptor = try kernel.open(index: index, identifiers: identifiers)
      counts.openings += 1
      droppedBefore = 0
      return true
    } catch { return enter(.refused(interface: interface, error)) }
  }

  private func close(because fault: CANFault) -> Bool {
    if let descriptor { kernel.close(descriptor) }
    descriptor = nil
    return enter(fault)
  }

  /// After a failure: says what became of the interface, and lets the next look open it again.
  private func lose(_ error: SystemErrno) -> Outcome {
    let fault: CANFault =
      switch error.code {
      case ENETDOWN: .down(interface: interface)
      case ENODEV, ENXIO: .absent(interface: interface)
      default: .failed(interface: interface, error)
      }
    _ = close(because: fault)
    nextLook = kernel.now() + Self.lookInterval
    return .changed
  }

  private func enter(_ new: CANFault?) -> Bool {
    defer { fault = new }
    return fault != new
  }

  // MARK: frames

  private func take(_ raw: CANRawFrame) -> Outcome {
    counts.dropped += raw.droppedCount &- droppedBefore
    droppedBefore = raw.droppedCount
    if raw.identifier & csocketcan_error != 0 { return takeError(raw) }
    let isExtended = raw.identifier & csocketcan_extended != 0
    let value = raw.identifier & CANIdentifier.largestExtended
    guard let identifier = CANIdentifier(value, isExtended: isExtended) else { return .timeout }
    counts.frames += 1
    // Who delivers data is on the bus.
    _ = enter(nil)
    return .frame(
      CANFrame(identifier: identifier, data: raw.data, byteCount: raw.byteCount, time: monotonicTime(of: raw))
    )
  }

  private func takeError(_ raw: CANRawFrame) -> Outcome {
    counts.errors += 1
    let classes = raw.identifier
    var new = fault
    if classes & csocketcan_error_controller != 0 {
      let controller = UInt32(truncatingIfNeeded: raw.data >> 8)
      if controller & csocketcan_passive != 0 { new = .errorPassive(interface: interface) }
      if controller & csocketcan_active_again != 0 { new = nil }
    }
    if classes & csocketcan_error_bus_off != 0 { new = .busOff(interface: interface) }
    if classes & csocketcan_error_restarted != 0 { new = nil }
    return enter(new) ? .changed : .timeout
  }

  /// The kernel stamps on the real-time clock, which may be set in between: how long ago it was is all that counts.
  private func monotonicTime(of raw: CANRawFrame) -> MonotonicTime {
    let now = kernel.now()
    guard let stamp = raw.wallTime else { return now }
    let age = kernel.wallNow().nanoseconds - stamp.nanoseconds
    return (0..<1_000_000_000).contains(age) ? now + -age : now
  }
}

extension CANIdentifier {
  /// With the kernel's flag for extended ones.
  fileprivate var kernelForm: UInt32 {
    isExtended ? value | csocketcan_extended : value
  }
}
