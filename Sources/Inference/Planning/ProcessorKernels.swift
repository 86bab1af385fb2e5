// The micro-kernels this processor can run.
internal import CProcessor
package import Kernels
#if arch(x86_64)
  internal import KernelsAVX512
#endif

extension TileKernels {
  /// The widest kernels the processor supports.
  package static let ofThisProcessor: TileKernels = {
    #if arch(x86_64)
      if cprocessor_has_avx512() != 0 { return .with(wide: .avx512) }
    #endif
    return .portable
  }()
}
