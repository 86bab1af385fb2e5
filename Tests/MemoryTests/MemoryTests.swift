import Glibc
import Memory
import Testing

struct MemoryTests {
  @Test(arguments: [0, 1, 63, 64, 4096, 1 << 20])
  func `zeroed memory is aligned and zero, also where others have written before`(byteCount: Int) {
    for _ in 0..<3 {
      let base = ZeroedMemory.allocate(byteCount: byteCount)
      #expect(UInt(bitPattern: base) % UInt(ZeroedMemory.alignment) == 0)
      let bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
      #expect(bytes.allSatisfy { $0 == 0 })
      bytes.initializeMemory(as: UInt8.self, repeating: 255)
      ZeroedMemory.free(base)
    }
  }

  @Test func `pages of zeroed memory are there once they are written to`() throws {
    let base = ZeroedMemory.allocate(byteCount: Self.large)
    defer { ZeroedMemory.free(base) }
    #expect(try residentPages(of: base) <= 2)
    for page in 10..<30 { base.storeBytes(of: 1, toByteOffset: page * Self.page, as: UInt8.self) }
    let written = try residentPages(of: base)
    // Where the kernel gives large pages unasked, it is more than the twenty.
    #expect(written >= 20)
  }

  @Test func `pages of populated memory are there from the start`() throws {
    let base = PopulatedMemory.allocate(byteCount: Self.large)
    defer { base.deallocate() }
    #expect(try residentPages(of: base) >= Self.large / Self.page - 2)
  }

  private static let page = 4096
  /// More than the C library ever takes from memory that was freed (mallopt(3), M_MMAP_THRESHOLD).
  private static let large = 64 << 20

  private func residentPages(of base: UnsafeMutableRawPointer) throws -> Int {
    let start = base.alignedDown(toMultipleOf: Self.page)
    var pages = [UInt8](repeating: 0, count: Self.large / Self.page)
    try #require(mincore(start, Self.large, &pages) == 0)
    return pages.count { $0 & 1 == 1 }
  }
}
