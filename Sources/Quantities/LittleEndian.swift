extension UnsafeRawBufferPointer {
  /// The float32 that begins at a byte, little-endian, wherever it lies.
  @inlinable
  package func littleEndianFloat(at offset: Int) -> Float {
    Float(bitPattern: UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }
}
