/// Growing working memory that is reused: allocates only when it has never been this large before.
struct ScratchBytes: ~Copyable {
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit {
    memory.deallocate()
  }

  /// Memory of at least `count` bytes; its contents are unspecified.
  mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if memory.count < count {
      memory.deallocate()
      memory = .allocate(byteCount: count + count / 4, alignment: 64)
    }
    return memory
  }

  /// Fills the memory with three pieces in a row; valid until the next call.
  mutating func replaceContents(
    with first: UnsafeRawBufferPointer, _ second: [UInt8], _ third: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let count = first.count + second.count + third.count
    let target = reserve(count)
    target.copyMemory(from: first)
    second.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: target[first.count...]).copyMemory(from: $0)
    }
    UnsafeMutableRawBufferPointer(rebasing: target[(first.count + second.count)...]).copyMemory(from: third)
    return UnsafeRawBufferPointer(rebasing: target[..<count])
  }
}
