import Glibc
public import Quantities
import Synchronization

/// A one-slot hand-over between two threads: the newest message wins, and every loss is counted.
///
/// Built on a pthread mutex and condition because the receiver must block with a timeout, and because
/// `Synchronization.Mutex` cannot carry a message that is not Sendable from one owner to the next.
public final class Mailbox<Message: ~Copyable>: @unchecked Sendable {
  /// Messages that were displaced before anybody took them.
  public let displaced = Counter()
  // Everything below is protected by `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var slot: Message?
  private var isClosed = false
  /// Whether there is a message, to be asked without the lock.
  private let isFilled = Atomic<Bool>(false)

  public init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    slot = nil
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Leaves a message, dropping one that was not taken. After `close()` the message is dropped at once.
  public func put(_ message: consuming sending Message) {
    pthread_mutex_lock(mutex)
    if slot != nil { displaced.add() }
    if isClosed { slot = nil } else { slot = consume message }
    isFilled.store(!isClosed, ordering: .releasing)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a message until `deadline`. Nil when the time is up or the mailbox is closed.
  public func take(until deadline: MonotonicTime) -> sending Message? {
    var time = Self.timespec(deadline)
    pthread_mutex_lock(mutex)
    while slot == nil && !isClosed {
      if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
    }
    let message = slot.take()
    isFilled.store(false, ordering: .releasing)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
    return message
  }

  /// Takes a message if there is one. Never waits, and takes no lock while there is none.
  public func takeNow() -> sending Message? {
    guard isFilled.load(ordering: .acquiring) else { return nil }
    pthread_mutex_lock(mutex)
    let message = slot.take()
    isFilled.store(false, ordering: .releasing)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
    return message
  }

  /// Waits until the slot is free, so that a sender who must lose nothing can go at the receiver's pace.
  /// - Returns: false when the deadline passed first or the mailbox is closed.
  public func waitUntilTaken(until deadline: MonotonicTime) -> Bool {
    var time = Self.timespec(deadline)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while slot != nil && !isClosed {
      if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
    }
    return slot == nil && !isClosed
  }

  /// Wakes the receiver for good. A message still in the slot can be taken once.
  public func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  public var closed: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return isClosed
  }

  private static func timespec(_ time: MonotonicTime) -> timespec {
    Glibc.timespec(
      tv_sec: Int(time.nanoseconds / 1_000_000_000), tv_nsec: Int(time.nanoseconds % 1_000_000_000))
  }
}
