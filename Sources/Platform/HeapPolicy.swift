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
}
