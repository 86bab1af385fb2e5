public import Quantities
import Synchronization

/// A one-slot hand-over between two threads: the newest message wins, and every loss is counted.
///
/// Built on a monitor because the receiver must block with a timeout, and because `Synchronization.Mutex` cannot
/// carry a message that is not Sendable from one owner to the next.
public final class Mailbox<Message: ~Copyable>: @unchecked Sendable {
  /// Messages that were displaced before anybody took them.
  public let displaced = Counter()
  private let monitor = Monitor()
  // `slot` and `isClosed` are protected by `monitor`.
  private var slot: Message?
  private var isClosed = false
  /// Whether there is a message, to be asked without the lock.
  private let isFilled = Atomic<Bool>(false)

  public init() { slot = nil }

  /// Leaves a message, dropping one that was not taken. After `close()` the message is dropped at once.
  public func put(_ message: consuming sending Message) {
    monitor.lock()
    if slot != nil { displaced.add() }
    if isClosed { slot = nil } else { slot = consume message }
    isFilled.store(!isClosed, ordering: .releasing)
    monitor.wakeAll()
    monitor.unlock()
  }

  /// Waits for a message until `deadline`. Nil when the time is up or the mailbox is closed.
  public func take(until deadline: MonotonicTime) -> sending Message? {
    monitor.lock()
    while slot == nil && !isClosed {
      if !monitor.wait(until: deadline) { break }
    }
    let message = slot.take()
    isFilled.store(false, ordering: .releasing)
    monitor.wakeAll()
    monitor.unlock()
    return message
  }

  /// Takes a message if there is one. Never waits, and takes no lock while there is none.
  public func takeNow() -> sending Message? {
    guard isFilled.load(ordering: .acquiring) else { return nil }
    monitor.lock()
    let message = slot.take()
    isFilled.store(false, ordering: .releasing)
    monitor.wakeAll()
    monitor.unlock()
    return message
  }

  /// Waits until the slot is free, so that a sender who must lose nothing can go at the receiver's pace.
  /// - Returns: false when the deadline passed first or the mailbox is closed.
  public func waitUntilTaken(until deadline: MonotonicTime) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    while slot != nil && !isClosed {
      if !monitor.wait(until: deadline) { break }
    }
    return slot == nil && !isClosed
  }

  /// Wakes the receiver for good. A message still in the slot can be taken once.
  public func close() {
    monitor.lock()
    isClosed = true
    monitor.wakeAll()
    monitor.unlock()
  }

  public var closed: Bool {
    monitor.lock()
    defer { monitor.unlock() }
    return isClosed
  }
}
