// Zeroed memory aligned to a cache line, with room to read one vector past the end.
internal import Memory

/// Owns one allocation; freed with the object.
package final class AlignedBytes {
  package let base: UnsafeMutableRawPointer
  package let count: Int

  package init(count: Int) {
    self.count = count
    let room = (count + 63) / 64 * 64 + 64
    base = PopulatedMemory.allocate(byteCount: room)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: room)
  }

  package convenience init(copying bytes: [UInt8]) {
    self.init(count: bytes.count)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
    }
  }

  package var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

  package func copied(_ length: Int) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: base, count: length))
  }

  deinit { base.deallocate() }
}
