/// Weighted least squares of a few unknowns, gathered term by term, on the stack.
///
/// Unknowns are the first `count` elements of a row, at most eight.
struct LeastSquares<let count: Int> {
  private static var width: Int { 8 }

  private var matrix = InlineArray<64, Double>(repeating: 0)
  private var right = InlineArray<8, Double>(repeating: 0)

  /// Adds weight * (row . x - value)^2.
  @inline(__always)
  mutating func add(_ row: SIMD8<Double>, value: Double, weight: Double) {
    for i in 0..<count {
      let scaled = weight * row[i]
      for j in 0...i { matrix[Self.width * i + j] += scaled * row[j] }
      right[i] += scaled * value
    }
  }

  /// The least squares solution and the variance of the last unknown; nil when the matrix is singular.
  ///
  /// - Source: Cholesky factorisation.
  func solve() -> (x: SIMD8<Double>, lastVariance: Double)? {
    var lower = matrix
    for i in 0..<count {
      for j in 0...i {
        var sum = lower[Self.width * i + j]
        for k in 0..<j { sum -= lower[Self.width * i + k] * lower[Self.width * j + k] }
        if i == j {
          guard sum > 1e-18 else { return nil }
          lower[Self.width * i + i] = sum.squareRoot()
        } else {
          lower[Self.width * i + j] = sum / lower[Self.width * j + j]
        }
      }
    }
    var x = SIMD8<Double>.zero
    for i in 0..<count {
      var sum = right[i]
      for k in 0..<i { sum -= lower[Self.width * i + k] * x[k] }
      x[i] = sum / lower[Self.width * i + i]
    }
    for i in stride(from: count - 1, through: 0, by: -1) {
      var sum = x[i]
      for k in (i + 1)..<max(count, i + 1) { sum -= lower[Self.width * k + i] * x[k] }
      x[i] = sum / lower[Self.width * i + i]
    }
    let last = lower[(Self.width + 1) * (count - 1)]
    // The last unknown's variance is the last diagonal of the inverse: 1 / l_nn^2.
    return (x, 1 / (last * last))
  }
}

/// Of a motion's five unknowns and a scale.
typealias NormalEquations = LeastSquares<6>
