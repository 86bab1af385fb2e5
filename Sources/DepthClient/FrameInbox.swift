import Glibc
import Platform
import Quantities

/// What a subscription knows, shared between its receiver thread and its readers.
///
/// A pthread mutex and condition, because readers wait with a deadline.
final class FrameInbox: @unchecked Sendable {
  // Everything below is protected by `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var pending: [ReceivedFrame] = []
  private var newest: ReceivedFrame?
  private var statistics = SubscriptionStatistics()
  private var stopped = false
  private var listeners: [AsyncStream<ReceivedFrame>.Continuation] = []
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
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

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  func put(_ frame: ReceivedFrame) {
    let listeners = locked {
      statistics.count(frame)
      newest = frame
      if pending.count == capacity {
        pending.removeFirst()
        if capacity > 1 { statistics.displaced += 1 }
      }
      pending.append(frame)
      pthread_cond_broadcast(condition)
      return self.listeners
    }
    for listener in listeners { listener.yield(frame) }
  }

  func reject(_ error: DepthClientError) {
    locked {
      statistics.malformed += 1
      statistics.lastError = error
    }
  }

  /// The oldest frame not yet taken; waits until `deadline`.
  func take(until deadline: MonotonicTime) -> ReceivedFrame? {
    var time = timespec(
      tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
    return locked {
      while pending.isEmpty && !stopped {
        if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
      }
      return pending.isEmpty ? nil : pending.removeFirst()
    }
  }

  func peek() -> ReceivedFrame? { locked { newest } }

  func readStatistics() -> SubscriptionStatistics { locked { statistics } }

  func listen() -> AsyncStream<ReceivedFrame> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let isOver = locked {
        if !stopped { listeners.append(continuation) }
        return stopped
      }
      if isOver { continuation.finish() }
    }
  }

  var isStopped: Bool { locked { stopped } }

  func stop() {
    let listeners = locked {
      stopped = true
      pthread_cond_broadcast(condition)
      return self.listeners
    }
    for listener in listeners { listener.finish() }
  }
}
