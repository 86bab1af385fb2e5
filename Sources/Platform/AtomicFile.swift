import Glibc
public import Quantities

/// Files that are either the old ones or the new ones, never half of each: whoever reads, whatever dies, whenever
/// the power goes.
public enum AtomicFile {
  /// Writes `bytes` as the file `path`: a new file beside it, synced, renamed over it, the folder synced
  /// (rename(2), fsync(2)).
  ///
  /// A left-over of a process that was killed on the way is overwritten by the next.
  public static func write(
    _ bytes: some Collection<UInt8>, to path: String, permissions: UInt32 = 0o640
  ) throws(SystemErrno) {
    let draft = path + ".new"
    try writeSynced(Array(bytes), to: draft, permissions)
    guard rename(draft, path) == 0 else {
      let failure = SystemErrno.current
      unlink(draft)
      throw failure
    }
    try syncFolder(of: path)
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

  private static func writeSynced(
    _ bytes: [UInt8], to path: String, _ permissions: UInt32
  ) throws(SystemErrno) {
    let file = try FileDescriptor(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC, permissions: permissions)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) }
      if count < 0 {
        let failure = SystemErrno.current
        if failure.code == EINTR { continue }
        unlink(path)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    guard fsync(file.raw) == 0 else { throw SystemErrno.current }
  }

  private static func syncFolder(of path: String) throws(SystemErrno) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().joined(separator: "/")
    let descriptor = try FileDescriptor(
      path: folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder, flags: O_RDONLY | O_DIRECTORY)
    guard fsync(descriptor.raw) == 0 else { throw SystemErrno.current }
  }
}
