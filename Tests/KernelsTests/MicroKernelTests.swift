// What the micro-kernels promise beyond their results: where they write.
import CKernels
import Kernels
import Quantities
import TestSupport
import Testing

@Suite struct MicroKernelTests {
  @Test(arguments: 1...5)
  func `the Winograd input transform writes its own tiles and no other`(tiles: Int) {
    let row = [Float](repeating: 1, count: (tiles * 4 + 2) * 8)
    for kernels in FastConvolutionTests.widths {
      // One float past the tiles of each component must keep its value.
      let stride = tiles * 8 + 1
      var output = [Float](repeating: 12_345, count: 36 * stride)
      row.withUnsafeBufferPointer { row in
        kernels.functions.winogradInput(
          [UnsafePointer<Float>?](repeating: row.baseAddress, count: 6), nil, &output, stride, tiles)
      }
      let gaps = (0..<36).map { output[$0 * stride + tiles * 8] }
      #expect(gaps.allSatisfy { $0 == 12_345 }, "\(kernels.name) kernels")
      #expect(!output.dropLast().indices.contains { $0 % stride < tiles * 8 && output[$0] == 12_345 })
    }
  }

  @Test(arguments: [1, 3])
  func `the Winograd filter transform gives some rows as it gives all of them`(rows: Int) {
    var generator = SeededGenerator(seed: 5)
    let count = 48
    let taps = (0..<9 * count).map { _ in Float.random(in: -1...1, using: &generator) }
    for kernels in FastConvolutionTests.widths {
      func transform(_ first: Int, _ rows: Int, isWhole: Bool) -> [Float] {
        var (output, partial) = (
          [Float](repeating: 0, count: 36 * count), [Float](repeating: 0, count: 36 * count)
        )
        let function = kernels.functions.winogradFilters
        if isWhole {
          function?(taps, count, count, first, rows, &output, &partial, count)
        } else {
          function?(taps, count, count, first, rows, &output, nil, count)
        }
        // Either has what the other leaves out.
        return zip(output, partial).map(+).prefix(rows * 6 * count).map { $0 }
      }
      let whole = transform(0, 6, isWhole: true)
      let parts = stride(from: 0, to: 6, by: rows).flatMap { transform($0, rows, isWhole: true) }
      #expect(parts == whole, "\(kernels.name) kernels")
      let partial = transform(0, 6, isWhole: false)
      #expect(
        partial.indices.allSatisfy {
          let component = $0 / count
          return partial[$0] == (component / 6 == 2 || component % 6 == 2 ? 0 : whole[$0])
        })
    }
  }
}
