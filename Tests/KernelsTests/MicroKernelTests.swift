// What the micro-kernels promise beyond their results: where they write.
import CKernels
import Kernels
import Quantities
import TestSupport
import Testing

@Suite struct MicroKernelTests {
  @Test(arguments: 1...5)
  func `the Winograd input transform writes its own tiles and no other`(tiles: Int) {
    let input = [Float](repeating: 1, count: 6 * (tiles * 4 + 2) * 8)
    for kernels in FastConvolutionTests.widths {
      // One float past the tiles of each component must keep its value.
      let stride = tiles * 8 + 1
      var output = [Float](repeating: 12_345, count: 36 * stride)
      kernels.functions.winogradInput(input, (tiles * 4 + 2) * 8, nil, &output, stride, tiles)
      let gaps = (0..<36).map { output[$0 * stride + tiles * 8] }
      #expect(gaps.allSatisfy { $0 == 12_345 }, "\(kernels.name) kernels")
      #expect(!output.dropLast().indices.contains { $0 % stride < tiles * 8 && output[$0] == 12_345 })
    }
  }
}
