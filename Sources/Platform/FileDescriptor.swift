import CPosix
import Glibc
public import Quantities

/// An owned file descriptor, closed when its owner goes away.
public struct FileDescriptor: ~Copyable, Sendable {
  public let raw: Int32

  /// Takes over a descriptor that somebody else opened.
  public init(adopting raw: Int32) {
    self.raw = raw
  }

  /// Opens `path` with open(2) flags; O_CLOEXEC is always added.
  public init(path: String, flags: Int32, permissions: UInt32 = 0o640) throws(SystemErrno) {
    let descriptor = cposix_open(path, flags | O_CLOEXEC, permissions)
    guard descriptor >= 0 else { throw SystemErrno.current }
    self.raw = descriptor
  }

  deinit {
    close(raw)
  }
}
