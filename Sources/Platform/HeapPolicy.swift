internal import CPosix

/// How the process's heap gives memory back.
public enum HeapPolicy {
  /// Blocks from 128 KiB on go back to the system when they are freed.
  ///
  /// By itself glibc raises that limit, up to 32 MiB, with each such block that is freed, and the weights of a file or
  /// of a network that was exchanged leave holes in the heap (mallopt(3), M_MMAP_THRESHOLD).
  public static func returnLargeBlocks() {
    _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
  }

  /// Gives the system every whole page that nothing in the heap needs any more (malloc_trim(3)): some megabytes after a
  /// model or a configuration was read, which take milliseconds and come back when they are needed.
  public static func returnFreePages() {
    _ = malloc_trim(0)
  }
}
