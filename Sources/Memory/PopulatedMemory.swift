import Glibc

/// Memory that is used as a whole, as weights and activations are: its pages are there from the start.
package enum PopulatedMemory {
  /// Aligned to a cache line, not initialized.
  package static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    populate(base, byteCount)
    return base
  }

  /// Asks for all whole pages at once, which takes the kernel a fraction of the time of a fault for each. Without the
  /// call (Linux before 5.14) pages come one by one.
  private static func populate(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    let page = 4096
    let first = (UInt(bitPattern: base) + UInt(page) - 1) & ~UInt(page - 1)
    let last = (UInt(bitPattern: base) + UInt(byteCount)) & ~UInt(page - 1)
    guard last > first, let start = UnsafeMutableRawPointer(bitPattern: first) else { return }
    _ = madvise(start, Int(last - first), MADV_POPULATE_WRITE)
  }
}
