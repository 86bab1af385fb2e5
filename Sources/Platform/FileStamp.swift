import Glibc

/// What a file's name leads to, as far as stat(2) tells without reading it: whoever writes the file or puts another in
/// its place changes the stamp.
public struct FileStamp: Equatable, Sendable {
  private let device: UInt
  private let inode: UInt
  private let size: Int
  /// Of the content and of the inode, nanoseconds.
  private let modified: Int64
  private let changed: Int64

  /// Follows links. Nil when nothing is there, or nothing that may be looked at.
  public init?(of path: String) {
    var found = stat()
    guard stat(path, &found) == 0 else { return nil }
    device = UInt(found.st_dev)
    inode = UInt(found.st_ino)
    size = Int(found.st_size)
    modified = Int64(found.st_mtim.tv_sec) * 1_000_000_000 + Int64(found.st_mtim.tv_nsec)
    changed = Int64(found.st_ctim.tv_sec) * 1_000_000_000 + Int64(found.st_ctim.tv_nsec)
  }
}
