// The micro-kernels of attention against scalar arithmetic.
import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct AttentionKernelTests {
  private static let widths = FastConvolutionTests.widths.map { AttentionKernels($0) }

  @Test func `a weight is off by at most 2e-7 of itself`() {
    // Every exponent, densely: 127 * 4096 numbers in -126...0.
    let inputs = (0..<127 * 4096).map { -Float($0) / 4096 }
    for kernels in Self.widths {
      var outputs = [Float](repeating: 0, count: inputs.count)
      kernels.exp2(inputs, into: &outputs, count: inputs.count)
      var largest = 0.0
      for (x, y) in zip(inputs, outputs) where x >= -126 {
        largest = max(largest, abs(Double(y) / Foundation.exp2(Double(x)) - 1))
      }
      #expect(largest <= 2e-7 && outputs.allSatisfy(\.isFinite))
      var far = [Float](repeating: -1e30, count: kernels.lanes)
      kernels.exp2(far, into: &far, count: far.count)
      #expect(far.allSatisfy { $0 == Float.leastNormalMagnitude })
    }
  }

  @Test func `every finite half becomes the same number`() {
    let finite = (UInt16.min...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
    let padded = finite + [UInt16](repeating: 0, count: 32 - finite.count % 32)
    for kernels in Self.widths {
      var floats = [Float](repeating: .nan, count: padded.count)
      kernels.widen(padded, into: &floats, count: padded.count)
      #expect(zip(padded, floats).allSatisfy { Float(Float16(bitPattern: $0)).bitPattern == $1.bitPattern })
    }
  }

  @Test(arguments: [1, 3, 4, 5, 11, 12, 13, 29, 68], [1, 7, 16, 64])
  func `products are sums, and write their own rows alone`(rows: Int, depth: Int) {
    var random = SeededGenerator(seed: 3)
    for kernels in Self.widths {
      let panel = (0..<depth * kernels.lanes).map { _ in Float.random(in: -1...1, using: &random) }
      for (stride, isTransposed) in [(depth, false), (64, false), (rows + 2, true)] {
        let a = (0..<(isTransposed ? depth * stride : rows * stride)).map { _ in
          Float.random(in: -1...1, using: &random)
        }
        let keep = (0..<kernels.lanes).map { Float($0) }
        var output = [Float](repeating: 2, count: (rows + 1) * kernels.lanes)
        a.withUnsafeBufferPointer { a in
          guard let base = a.baseAddress else { return }
          let operand: AttentionKernels.Rows =
            isTransposed
            ? .init(columnsOf: base, count: rows, depth: depth, stride: stride)
            : .init(base, count: rows, depth: depth, stride: stride)
          kernels.product(operand, panel, keep: keep, into: &output)
        }
        for row in 0..<rows {
          for lane in 0..<kernels.lanes {
            let sum = (0..<depth).reduce(2 * keep[lane]) { sum, k in
              sum + a[isTransposed ? k * stride + row : row * stride + k] * panel[k * kernels.lanes + lane]
            }
            #expect(abs(output[row * kernels.lanes + lane] - sum) <= 1e-4)
          }
        }
        #expect(output[(rows * kernels.lanes)...].allSatisfy { $0 == 2 })
      }
    }
  }

  @Test func `a panel that is half full gives the same there, and nothing is written beyond`() {
    var random = SeededGenerator(seed: 4)
    for kernels in Self.widths {
      let (rows, depth, lanes, half) = (29, 16, kernels.lanes, kernels.lanes / 2)
      func numbers(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -9...0, using: &random) }
      }
      let (a, panel) = (numbers(rows * depth), numbers(depth * lanes))
      func run(_ kernels: AttentionKernels) -> (products: [Float], state: [Float]) {
        var products = [Float](repeating: 2, count: rows * lanes)
        var state = [Float](repeating: 3, count: 4 * lanes)
        kernels.product(.init(a, count: rows, depth: depth, stride: depth), panel, into: &products)
        state.withUnsafeMutableBufferPointer { memory in
          guard let base = memory.baseAddress else { return }
          kernels.softmax(&products, rows: rows, SoftmaxState(base, lanes: lanes))
        }
        return (products, state)
      }
      let (whole, first) = (run(kernels), run(kernels.forFirst(lanes: half)))
      let isWhole = run(kernels.forFirst(lanes: half + 1)) == whole
      #expect(isWhole)
      for index in 0..<rows * lanes {
        #expect(first.products[index] == (index % lanes < half ? whole.products[index] : 2))
      }
      for index in 0..<4 * lanes {
        #expect(first.state[index] == (index % lanes < half ? whole.state[index] : 3))
      }
    }
  }
}
