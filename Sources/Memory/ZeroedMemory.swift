import Glibc

/// Memory of which every byte is zero, and of which pages are there only once they are written to: what a robot never
/// uses, a completion network without range points for example, takes none of its memory.
package enum ZeroedMemory {
  /// Of the first byte, a cache line.
  package static let alignment = 64

  /// - Returns: memory for `free`.
  package static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    // Large blocks come zeroed from the kernel, and calloc(3) knows which; it aligns to 16 bytes.
    guard let block = calloc(byteCount + alignment, 1) else {
      preconditionFailure("out of memory: \(byteCount) bytes cannot be had")
    }
    let base = (block + MemoryLayout<UnsafeMutableRawPointer>.size).alignedUp(toMultipleOf: alignment)
    base.storeBytes(
      of: block, toByteOffset: -MemoryLayout<UnsafeMutableRawPointer>.size, as: UnsafeMutableRawPointer.self)
    return base
  }

  /// Gives back what `allocate` gave.
  package static func free(_ base: UnsafeMutableRawPointer) {
    let size = MemoryLayout<UnsafeMutableRawPointer>.size
    Glibc.free(base.load(fromByteOffset: -size, as: UnsafeMutableRawPointer.self))
  }
}
