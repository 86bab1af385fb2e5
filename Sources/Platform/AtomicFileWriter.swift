import Glibc
public import Quantities

/// A file that is written piece by piece and appears under its name when it is whole: a new file beside it, synced,
/// renamed over it, the folder synced (rename(2), fsync(2)). One that is given up leaves nothing behind.
///
/// A left-over of a process that was killed on the way is overwritten by the next.
public struct AtomicFileWriter: ~Copyable {
  private let path: String
  private let draft: String
  private let file: FileDescriptor
  private var isCommitted = false

  public init(path: String, permissions: UInt32 = 0o640) throws(SystemErrno) {
    self.path = path
    draft = path + ".new"
    file = try FileDescriptor(path: draft, flags: O_WRONLY | O_CREAT | O_TRUNC, permissions: permissions)
  }

  /// Adds to the file's end.
  public func write(_ bytes: RawSpan) throws(SystemErrno) {
    var done = 0
    while done < bytes.byteCount {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file.raw, $0.baseAddress?.advanced(by: done), $0.count - done)
      }
      if count < 0 {
        let failure = SystemErrno.current
        if failure.code == EINTR { continue }
        throw failure
      }
      done += count
    }
  }

  /// Puts the file under its name.
  public consuming func commit() throws(SystemErrno) {
    guard fsync(file.raw) == 0, rename(draft, path) == 0 else { throw SystemErrno.current }
    isCommitted = true
    try AtomicFile.syncFolder(of: path)
  }

  deinit { if !isCommitted { unlink(draft) } }
}
