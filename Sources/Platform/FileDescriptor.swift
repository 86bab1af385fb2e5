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

  /// Fills `buffer` with a file's bytes from `offset` on, as far as the file goes; its own position stays.
  /// - Returns: how many bytes were read; fewer than the buffer holds only where the file ends.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemErrno) -> Int {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(raw, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemErrno.current }
      guard count > 0 else { break }
      done += count
    }
    return done
  }

  deinit {
    close(raw)
  }
}
