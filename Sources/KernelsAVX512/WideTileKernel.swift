// The micro-kernels of Kernels/Micro for sixteen lanes. Call them only where the processor has AVX-512.
package import Kernels

extension TileKernel {
  /// Panels of sixteen output channels.
  package static let avx512 = TileKernel(tile12: directTile12, tile8: directTile8, tile4: directTile4)
}
