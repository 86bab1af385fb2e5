// Reductions over any set of axes of a plain tensor.
package import Quantities

/// What a reduction accumulates.
package enum ReduceFunction: Sendable, Equatable {
  case mean, sum, maximum, minimum, l2, product
}

/// A reduction with its axes rearranged as (outer..., reduced...), both with strides into the input.
package struct Reduction: Sendable {
  package let function: ReduceFunction
  private let outerLengths, outerStrides, innerLengths, innerStrides: [Int]
  package let outerCount: Int
  package let innerCount: Int

  /// - Parameters:
  ///   - shape: the input's.
  ///   - axes: those to reduce, non-negative, distinct.
  package init(_ function: ReduceFunction, shape: [Int], axes: Set<Int>) {
    self.function = function
    let strides = rowMajorStrides(shape)
    let outer = shape.indices.filter { !axes.contains($0) }
    let inner = shape.indices.filter { axes.contains($0) }
    outerLengths = outer.map { shape[$0] }
    outerStrides = outer.map { strides[$0] }
    innerLengths = inner.map { shape[$0] }
    innerStrides = inner.map { strides[$0] }
    outerCount = outerLengths.reduce(1, *)
    innerCount = innerLengths.reduce(1, *)
  }

  /// Reduces floats; accumulates in double, so that a mean over an image keeps its digits.
  package func callAsFunction(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, executor: any ParallelExecutor
  ) {
    parallelChunks(executor, count: outerCount, grain: max(1, 16384 / max(1, innerCount))) { start, end in
      for index in start..<end {
        output[index] = reduceOne(input + offset(index, outerLengths, outerStrides, outerLengths.count))
      }
    }
  }

  private func reduceOne(_ input: UnsafePointer<Float>) -> Float {
    var sum = 0.0
    var extreme = function == .maximum ? -Float.infinity : Float.infinity
    var product: Float = 1
    let run = innerLengths.last ?? 1
    let step = innerStrides.last ?? 1
    var index = 0
    while index < innerCount {
      let base = input + offset(index / max(1, run), innerLengths, innerStrides, innerLengths.count - 1)
      for position in 0..<run {
        let value = base[position &* step]
        switch function {
        case .mean, .sum: sum += Double(value)
        case .l2: sum += Double(value) * Double(value)
        case .maximum: extreme = value > extreme || value.isNaN ? value : extreme
        case .minimum: extreme = value < extreme || value.isNaN ? value : extreme
        case .product: product *= value
        }
      }
      index += max(1, run)
    }
    switch function {
    case .mean: return Float(sum / Double(innerCount))
    case .sum: return Float(sum)
    case .l2: return Float(sum.squareRoot())
    case .maximum, .minimum: return extreme
    case .product: return product
    }
  }

  /// Element offset of the `index`th position over the first `axes` axes.
  private func offset(_ index: Int, _ lengths: [Int], _ strides: [Int], _ axes: Int) -> Int {
    var rest = index
    var result = 0
    var axis = axes - 1
    while axis >= 0 {
      result += rest % lengths[axis] * strides[axis]
      rest /= lengths[axis]
      axis -= 1
    }
    return result
  }
}
