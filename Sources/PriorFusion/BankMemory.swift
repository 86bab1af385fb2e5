internal import Memory

/// Aligned memory that is filled once and read by many from then on, freed with its last owner.
///
/// @unchecked Sendable: nothing is written after `init`.
public final class BankMemory: @unchecked Sendable {
  /// Of the first byte.
  public static let alignment = ZeroedMemory.alignment

  public let bytes: UnsafeRawBufferPointer
  private let base: UnsafeMutableRawPointer

  /// - Parameter fill: writes all of the memory, which is zeroed.
  public init<Failure: Error>(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    base = ZeroedMemory.allocate(byteCount: byteCount)
    let memory = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    do { try fill(memory) } catch {
      ZeroedMemory.free(base)
      throw error
    }
    bytes = UnsafeRawBufferPointer(memory)
  }

  /// A copy of some values.
  public convenience init<Element: BitwiseCopyable>(_ values: [Element]) {
    self.init(byteCount: values.count * MemoryLayout<Element>.stride) { memory in
      values.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }

  /// A copy of the memory as values of a type.
  /// - Precondition: the type's size divides the memory's.
  public func array<Element: BitwiseCopyable>(of type: Element.Type) -> [Element] {
    // The last owner may let go of this while its bytes are copied.
    withExtendedLifetime(self) { Array(values(as: type)) }
  }

  /// The memory as values of a type, for as long as somebody owns it.
  /// - Precondition: the type's size divides the memory's.
  public func values<Element: BitwiseCopyable>(as type: Element.Type) -> UnsafeBufferPointer<Element> {
    precondition(bytes.count % MemoryLayout<Element>.stride == 0, "the memory holds other values")
    return bytes.assumingMemoryBound(to: type)
  }

  deinit { ZeroedMemory.free(base) }
}
