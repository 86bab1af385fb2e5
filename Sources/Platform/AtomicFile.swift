import Glibc
public import Quantities

/// Files that are either the old ones or the new ones, never half of each: whoever reads, whatever dies, whenever
/// the power goes.
public enum AtomicFile {
  /// Writes `bytes` as the file `path`, as `AtomicFileWriter` does.
  public static func write(
    _ bytes: some Collection<UInt8>, to path: String, permissions: UInt32 = 0o640
  ) throws(SystemErrno) {
    let writer = try AtomicFileWriter(path: path, permissions: permissions)
    let whole = Array(bytes)
    try writer.write(whole.span.bytes)
    try writer.commit()
  }

  /// Removes a file for good; one that is not there is no error.
  public static func remove(_ path: String) throws(SystemErrno) {
    guard unlink(path) == 0 else {
      let failure = SystemErrno.current
      guard failure.code == ENOENT else { throw failure }
      return
    }
    try syncFolder(of: path)
  }

  static func syncFolder(of path: String) throws(SystemErrno) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().joined(separator: "/")
    let descriptor = try FileDescriptor(
      path: folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder, flags: O_RDONLY | O_DIRECTORY)
    guard fsync(descriptor.raw) == 0 else { throw SystemErrno.current }
  }
}
