import CPosix
import Glibc

/// A named POSIX thread. Its body receives only Sendable values and creates what it needs inside.
public final class WorkerThread: @unchecked Sendable {
  private var handle = pthread_t()
  private var isJoined = false

  /// Starts `body` on a new thread.
  /// - Parameter name: what `top -H` and a core dump show; the kernel keeps 15 characters.
  public init(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = ThreadStart(name: name, body: body)
    let argument = Unmanaged.passRetained(start).toOpaque()
    let result = pthread_create(
      &handle, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
        _ = cposix_set_thread_name(start.name)
        start.body()
        return nil
      }, argument)
    precondition(result == 0, "the system refused a thread")
  }

  /// Lets every other thread go before the calling one, and those it starts (nice 10), as far as the system allows.
  public static func lowerPriorityOfCaller() {
    // 0 is the calling thread: on Linux, niceness belongs to threads.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
  }

  /// Waits for the body to return. Call it exactly once, from the owner.
  public func join() {
    precondition(!isJoined, "a thread is joined once")
    isJoined = true
    pthread_join(handle, nil)
  }

  deinit {
    precondition(isJoined, "a thread must be joined before its owner goes away")
  }
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = String(name.prefix(15))
    self.body = body
  }
}
