import Platform
import Quantities

/// What a subscription knows, shared between its receiver thread and its readers.
///
/// A monitor, because readers wait with a deadline.
final class FrameInbox: @unchecked Sendable {
  private let monitor = Monitor()
  // Everything below is protected by `monitor`.
  private var pending: [ReceivedFrame] = []
  private var newest: ReceivedFrame?
  private var statistics = SubscriptionStatistics()
  private var stopped = false
  private var listeners: [AsyncStream<ReceivedFrame>.Continuation] = []
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  private func locked<Result>(_ body: () -> Result) -> Result {
    monitor.lock()
    defer { monitor.unlock() }
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
      monitor.wakeAll()
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
    locked {
      while pending.isEmpty && !stopped {
        if !monitor.wait(until: deadline) { break }
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
      monitor.wakeAll()
      return self.listeners
    }
    for listener in listeners { listener.finish() }
  }
}
