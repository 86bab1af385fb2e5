import Glibc
public import Quantities

/// Notices that something was written in a folder (inotify(7)). The folder and not its files, since editors replace
/// files instead of writing into them.
public struct DirectoryWatch: ~Copyable {
  private let descriptor: FileDescriptor

  /// Watches folders; those that are not there are left out.
  public init(_ folders: Set<String>) throws(SystemErrno) {
    let raw = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard raw >= 0 else { throw SystemErrno.current }
    descriptor = FileDescriptor(adopting: raw)
    let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB)
    for folder in folders { inotify_add_watch(raw, folder, events) }
  }

  /// Whether anything happened since the last call. Never waits.
  public func takeNews() -> Bool {
    var hasNews = false
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while read(descriptor.raw, buffer.baseAddress, buffer.count) > 0 { hasNews = true }
    }
    return hasNews
  }
}
