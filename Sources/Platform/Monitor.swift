internal import Glibc
public import Quantities

/// A mutex with a condition on the monotonic clock, for state that a thread waits for with a deadline.
///
/// `Synchronization.Mutex` protects state nobody has to wait for; this is for the rest. It is not recursive.
public struct Monitor: ~Copyable, @unchecked Sendable {
  // Made once and never moved; POSIX lets every thread use them.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
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

  public func lock() { pthread_mutex_lock(mutex) }

  public func unlock() { pthread_mutex_unlock(mutex) }

  /// Wakes every thread that waits. The caller holds the lock.
  public func wakeAll() { pthread_cond_broadcast(condition) }

  /// Gives the lock up until somebody calls `wakeAll`; it may also return for no reason. The caller holds the lock.
  public func wait() { pthread_cond_wait(condition, mutex) }

  /// The same, until `deadline` at the latest.
  /// - Returns: false when the time is up.
  public func wait(until deadline: MonotonicTime) -> Bool {
    var time = timespec(
      tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
    return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
  }
}
