// Where the bytes of an `.onnx` file come from.

/// A file of known length, read once from its beginning to its end.
public protocol ByteSource {
  /// Bytes of the whole file.
  var count: Int { get }

  /// Fills `buffer` with the bytes that follow those read last; it never asks for more than are left.
  ///
  /// - Throws: `.unreadable` when they cannot be had.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ONNXFormatError)
}

/// A file that lies in memory.
struct MemorySource: ByteSource {
  let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) {
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + buffer.count]))
    position += buffer.count
  }
}
