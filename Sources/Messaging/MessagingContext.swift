import CZMQ
import Platform
import Quantities
import Synchronization

/// The process's one ZeroMQ context.
///
/// Make sockets from it on the threads that will own them.
///
/// Also keeps the lock of every bound ipc path until the context has ended: ZeroMQ removes the socket file
/// some time after the socket is closed, and a successor that had bound the path already would lose its own.
public final class MessagingContext: @unchecked Sendable {
  // ZeroMQ contexts are thread-safe; the locks are protected by their mutex.
  let handle: UnsafeMutableRawPointer
  private let locks = Mutex<[HeldLock]>([])

  /// - Throws: `.zeroMQ` when the library is out of resources.
  public init() throws(MessagingError) {
    guard let handle = zmq_ctx_new() else { throw .lastFailure("zmq_ctx_new", "the context") }
    self.handle = handle
    // Only small peers of our own kind are expected; one I/O thread carries gigabytes per second.
    zmq_ctx_set(handle, ZMQ_IO_THREADS, 1)
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 256)
  }

  deinit {
    // Sockets keep their context alive, so nothing is open here and this does not wait.
    while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
  }

  /// Claims an ipc path for this context's lifetime.
  func lock(path: String, endpoint: String) throws(MessagingError) {
    let lock: HeldLock
    do { lock = HeldLock(try LockFile(path: path + ".lock")) } catch {
      switch error {
      case .heldByAnotherProcess(let owner): throw .endpointInUse(endpoint: endpoint, processID: owner)
      case .system(let code): throw .directory(path: path + ".lock", reason: "cannot be locked: \(code)")
      }
    }
    locks.withLock { $0.append(lock) }
  }
}

private final class HeldLock: Sendable {
  private let lock: LockFile

  init(_ lock: consuming LockFile) {
    self.lock = lock
  }
}

extension MessagingError {
  /// The calling thread's ZeroMQ error.
  ///
  /// Call it on the line after the call that failed.
  static func lastFailure(_ operation: String, _ endpoint: String) -> MessagingError {
    let code = zmq_errno()
    return .zeroMQ(
      operation: operation, endpoint: endpoint,
      SystemErrno(code: code, text: String(cString: zmq_strerror(code))))
  }
}
