/// Weighted least squares of a few unknowns, gathered term by term, on the stack.
struct NormalEquations {
  static let count = 6

  private var matrix = InlineArray<36, Double>(repeating: 0)
  private var right = InlineArray<6, Double>(repeating: 0)

  /// Adds weight * (row . x - value)^2.
  @inline(__always)
  mutating func add(_ row: SIMD8<Double>, value: Double, weight: Double) {
    for i in 0..<Self.count {
      let scaled = weight * row[i]
      for j in 0...i { matrix[6 * i + j] += scaled * row[j] }
      right[i] += scaled * value
    }
  }

  /// The least squares solution and the variance of the last unknown; nil when the matrix is singular.
  ///
  /// - Source: Cholesky factorisation.
  func solve() -> (x: SIMD8<Double>, lastVariance: Double)? {
    var lower = matrix
    for i in 0..<Self.count {
      for j in 0...i {
        var sum = lower[6 * i + j]
        for k in 0..<j { sum -= lower[6 * i + k] * lower[6 * j + k] }
        if i == j {
          guard sum > 1e-18 else { return nil }
          lower[6 * i + i] = sum.squareRoot()
        } else {
          lower[6 * i + j] = sum / lower[6 * j + j]
        }
      }
    }
    var x = SIMD8<Double>.zero
    for i in 0..<Self.count {
      var sum = right[i]
      for k in 0..<i { sum -= lower[6 * i + k] * x[k] }
      x[i] = sum / lower[6 * i + i]
    }
    for i in stride(from: Self.count - 1, through: 0, by: -1) {
      var sum = x[i]
      for k in (i + 1)..<max(Self.count, i + 1) { sum -= lower[6 * k + i] * x[k] }
      x[i] = sum / lower[6 * i + i]
    }
    // The last unknown's variance is the last diagonal of the inverse: 1 / l_nn^2.
    return (x, 1 / (lower[35] * lower[35]))
  }
}
