internal import Memory

/// One image plane with a single owner: rows of `width` elements, each row starting on a 64-byte boundary.
///
/// Hot loops take a row once (`row(_:)`, `mutableRow(_:)`) and index inside it; indexing a plane pixel by
/// pixel through flat arithmetic is an order of magnitude slower under bounds checks.
public struct Plane<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  public let width: Int
  public let height: Int
  /// Elements between the starts of two rows.
  public let rowStride: Int
  /// First element of row 0, 64-byte aligned. Valid while the plane lives; for C libraries and kernels.
  ///
  /// 64 more bytes may be read after the last row, so that a vector load that starts at a pixel is legal.
  public let baseAddress: UnsafeMutablePointer<Element>

  /// Allocates a plane with every byte zero.
  public init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a plane needs at least one pixel")
    let elementsPerLine = max(1, 64 / MemoryLayout<Element>.stride)
    let rowStride = (width + elementsPerLine - 1) / elementsPerLine * elementsPerLine
    let byteCount = rowStride * height * MemoryLayout<Element>.stride + 64
    let memory = ZeroedMemory.allocate(byteCount: byteCount)
    self.width = width
    self.height = height
    self.rowStride = rowStride
    self.baseAddress = memory.bindMemory(to: Element.self, capacity: rowStride * height)
  }

  deinit {
    ZeroedMemory.free(baseAddress)
  }

  /// Row `y`, `width` elements.
  @_lifetime(borrow self)
  @inlinable
  public func row(_ y: Int) -> Span<Element> {
    precondition(y >= 0 && y < height, "row outside the plane")
    let row = unsafe Span(_unsafeStart: UnsafePointer(baseAddress + y * rowStride), count: width)
    return unsafe _overrideLifetime(row, borrowing: self)
  }

  /// Row `y` for writing, `width` elements.
  @_lifetime(&self)
  @inlinable
  public mutating func mutableRow(_ y: Int) -> MutableSpan<Element> {
    precondition(y >= 0 && y < height, "row outside the plane")
    let row = unsafe MutableSpan(_unsafeStart: baseAddress + y * rowStride, count: width)
    return unsafe _overrideLifetime(row, mutating: &self)
  }

  /// Sets every pixel to `value`.
  public mutating func fill(_ value: Element) {
    baseAddress.update(repeating: value, count: rowStride * height)
  }

  /// Copies the pixels of a plane of the same size.
  public mutating func copyPixels(from source: borrowing Plane<Element>) {
    precondition(source.width == width && source.height == height, "planes differ in size")
    baseAddress.update(from: source.baseAddress, count: rowStride * height)
  }
}
