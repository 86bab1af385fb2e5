public import Quantities
import Synchronization

/// A fixed set of frames, lent out one at a time as `FrameLease`. Nothing is allocated after `init`.
public final class FramePool: Sendable {
  public let size: ImageSize
  public let carriesTruth: Bool
  private let slots: [FrameSlot]
  /// Indices of the free slots; capacity reserved for all of them.
  private let free: Mutex<[Int]>

  /// - Parameter count: frames in the pool; capture, hand-over and processing hold one each.
  public init(count: Int, size: ImageSize, carriesTruth: Bool) {
    precondition(count > 0, "a pool needs at least one frame")
    self.size = size
    self.carriesTruth = carriesTruth
    self.slots = (0..<count).map { FrameSlot(index: $0, size: size, carriesTruth: carriesTruth) }
    self.free = Mutex(Array(0..<count))
  }

  /// A free frame, or nil when all are lent.
  public func lease() -> FrameLease? {
    guard let index = free.withLock({ $0.popLast() }) else { return nil }
    return FrameLease(slot: slots[index], pool: self)
  }

  /// Frames not lent at the moment.
  public var freeCount: Int { free.withLock { $0.count } }

  fileprivate func giveBack(_ index: Int) {
    free.withLock { $0.append(index) }
  }
}

/// The right to use one frame of a pool. Dropping the lease returns the frame.
public struct FrameLease: ~Copyable, Sendable {
  private let slot: FrameSlot
  private let pool: FramePool

  fileprivate init(slot: FrameSlot, pool: FramePool) {
    self.slot = slot
    self.pool = pool
  }

  deinit {
    pool.giveBack(slot.index)
  }

  /// The frame, in place. Lent by address: an accessor that yields would allocate on every use.
  public var frame: CameraFrame {
    unsafeAddress { UnsafePointer(slot.frame) }
    unsafeMutableAddress { slot.frame }
  }
}

/// Storage of one frame. Protected by the lease: exactly one exists for each lent slot.
private final class FrameSlot: @unchecked Sendable {
  let index: Int
  let frame: UnsafeMutablePointer<CameraFrame>

  init(index: Int, size: ImageSize, carriesTruth: Bool) {
    self.index = index
    self.frame = .allocate(capacity: 1)
    self.frame.initialize(to: CameraFrame(size: size, carriesTruth: carriesTruth))
  }

  deinit {
    frame.deinitialize(count: 1)
    frame.deallocate()
  }
}
