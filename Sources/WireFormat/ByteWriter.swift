/// Bytes being written, in memory that is reused: after the first few messages nothing is allocated.
///
/// The memory starts on a 64-byte boundary, so payloads can be written by vector code.
public struct ByteWriter: ~Copyable, @unchecked Sendable {
  public private(set) var count = 0
  private var capacity: Int
  private var memory: UnsafeMutableRawPointer

  public init(capacity: Int = 4096) {
    self.capacity = max(64, capacity)
    self.memory = .allocate(byteCount: self.capacity, alignment: 64)
  }

  deinit {
    memory.deallocate()
  }

  /// What has been written.
  ///
  /// Valid until the next change.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// The last byte written; nil when there is none.
  var lastByte: UInt8? {
    count > 0 ? memory.load(fromByteOffset: count - 1, as: UInt8.self) : nil
  }

  /// Forgets the content and keeps the memory.
  public mutating func clear() {
    count = 0
  }

  /// Makes the content exactly `newCount` bytes, undefined where they were not written, and lends them.
  ///
  /// The pointer is valid until the next change.
  public mutating func resize(to newCount: Int) -> UnsafeMutableRawBufferPointer {
    reserve(newCount)
    count = newCount
    return UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  public mutating func append(_ byte: UInt8) {
    reserve(count + 1)
    memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress else { return }
    reserve(count + source.count)
    (memory + count).copyMemory(from: start, byteCount: source.count)
    count += source.count
  }

  /// The text's UTF-8 bytes.
  public mutating func append(utf8 text: String) {
    for byte in text.utf8 { append(byte) }
  }

  private mutating func reserve(_ needed: Int) {
    guard needed > capacity else { return }
    let larger = max(needed, capacity * 2)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
    moved.copyMemory(from: memory, byteCount: count)
    memory.deallocate()
    memory = moved
    capacity = larger
  }
}
