// What the micro-kernels are told. Shared by every vector width.

/// Where a tile reads. Channels come in blocks of eight, each block at its own address.
package struct DirectTile {
  /// Start of each channel block.
  package var blocks: UnsafePointer<UnsafePointer<Float>>
  /// Channels in use in each block, 1 to 8.
  package var counts: UnsafePointer<Int32>
  package var blockCount: Int
  /// Elements from a block's start to the tile's first pixel at the kernel's first tap.
  package var offset: Int
  package var kernelHeight: Int
  package var kernelWidth: Int
  /// Elements between kernel rows, kernel columns and output pixels.
  package var rowStride: Int
  package var tapStride: Int
  package var pixelStride: Int
  /// Pixels to write; smaller than the tile only in the four-pixel form.
  package var pixelCount: Int

  package init(
    blocks: UnsafePointer<UnsafePointer<Float>>, counts: UnsafePointer<Int32>, blockCount: Int, offset: Int,
    kernelHeight: Int, kernelWidth: Int, rowStride: Int, tapStride: Int, pixelStride: Int, pixelCount: Int = 0
  ) {
    self.blocks = blocks
    self.counts = counts
    self.blockCount = blockCount
    self.offset = offset
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.rowStride = rowStride
    self.tapStride = tapStride
    self.pixelStride = pixelStride
    self.pixelCount = pixelCount
  }
}

/// What happens to the sums before they are stored.
package struct DirectEpilogue {
  /// One value per lane.
  package var bias: UnsafePointer<Float>
  package var output: UnsafeMutablePointer<Float>
  /// Elements between the panel's blocks of eight output channels.
  package var blockStride: Int
  /// Added before the clamp; laid out as the output. Nil for none.
  package var residual: UnsafePointer<Float>?
  package var minimum: Float
  package var maximum: Float

  package init(
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, blockStride: Int,
    residual: UnsafePointer<Float>? = nil, minimum: Float = -.infinity, maximum: Float = .infinity
  ) {
    self.bias = bias
    self.output = output
    self.blockStride = blockStride
    self.residual = residual
    self.minimum = minimum
    self.maximum = maximum
  }
}
