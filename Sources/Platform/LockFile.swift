import CPosix
import Glibc
public import Quantities

/// An exclusive lock held for as long as the value lives; released by the kernel however the process ends.
///
/// ZeroMQ's `ipc://` bind silently steals a path that another process serves, so each endpoint is guarded
/// by one of these.
public struct LockFile: ~Copyable, Sendable {
  public enum Failure: Error, Sendable {
    case heldByAnotherProcess(processID: Int32?)
    case system(SystemErrno)
  }

  private let descriptor: FileDescriptor

  /// Creates `path` if needed and locks it, leaving this process's number inside.
  public init(path: String) throws(Failure) {
    let descriptor: FileDescriptor
    do { descriptor = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT) } catch { throw .system(error) }
    guard cposix_lock_exclusive(descriptor.raw) == 0 else {
      let failure = SystemErrno.current
      guard failure.code == EWOULDBLOCK else { throw .system(failure) }
      throw .heldByAnotherProcess(processID: Self.readOwner(descriptor.raw))
    }
    let owner = Array("\(getpid())\n".utf8)
    _ = ftruncate(descriptor.raw, 0)
    _ = pwrite(descriptor.raw, owner, owner.count, 0)
    self.descriptor = descriptor
  }

  private static func readOwner(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).first.flatMap { Int32($0) }
  }
}
