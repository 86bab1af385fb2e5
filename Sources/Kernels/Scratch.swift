internal import Memory

/// Zeroed memory of a fixed size, freed with its owner.
package final class Scratch<Element: BitwiseCopyable> {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  package init(count: Int) {
    self.count = count
    let bytes = ZeroedMemory.allocate(byteCount: count * MemoryLayout<Element>.stride)
    base = bytes.bindMemory(to: Element.self, capacity: count)
  }

  package convenience init(_ values: [Element]) {
    self.init(count: values.count)
    for index in values.indices { base[index] = values[index] }
  }

  deinit { ZeroedMemory.free(base) }
}
