/// Zeroed memory of a fixed size, freed with its owner.
package final class Scratch<Element: BitwiseCopyable> {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  package init(count: Int) {
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(64, count * MemoryLayout<Element>.stride), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, count * MemoryLayout<Element>.stride))
    base = bytes.bindMemory(to: Element.self, capacity: count)
  }

  package convenience init(_ values: [Element]) {
    self.init(count: values.count)
    for index in values.indices { base[index] = values[index] }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
