/// The directions in which some vectors vary most: orthonormal rows (rank, width) of a symmetric matrix's largest
/// eigenvalues, by simultaneous iteration.
///
/// - Source: Golub and Van Loan, Matrix Computations, 7.3.2 (orthogonal iteration).
struct PrincipalDirections {
  private static let rounds = 30

  let rows: [Float]

  /// - Parameter matrix: (width, width), symmetric and not negative.
  init(of matrix: [Float], width: Int, rank: Int) {
    // Seeds without a preferred axis, the same on every run.
    var rows = (0..<rank * width).map { index in
      Float((index &* 7919 &+ 104_729) % 1009) / 1009 - 0.5
    }
    Self.orthonormalize(&rows, width: width, rank: rank)
    for _ in 0..<Self.rounds {
      var next = [Float](repeating: 0, count: rank * width)
      for row in 0..<rank {
        for k in 0..<width {
          let value = rows[row * width + k]
          for column in 0..<width { next[row * width + column] += value * matrix[k * width + column] }
        }
      }
      Self.orthonormalize(&next, width: width, rank: rank)
      rows = next
    }
    self.rows = rows
  }

  /// Modified Gram-Schmidt; a row that depends on earlier ones becomes zero.
  private static func orthonormalize(_ rows: inout [Float], width: Int, rank: Int) {
    for row in 0..<rank {
      let before = (0..<width).reduce(Float(0)) { $0 + rows[row * width + $1] * rows[row * width + $1] }
      for other in 0..<row {
        var dot: Float = 0
        for k in 0..<width { dot += rows[row * width + k] * rows[other * width + k] }
        for k in 0..<width { rows[row * width + k] -= dot * rows[other * width + k] }
      }
      let norm = (0..<width).reduce(Float(0)) { $0 + rows[row * width + $1] * rows[row * width + $1] }
      let factor = norm > 1e-10 * before && norm > 1e-30 ? 1 / norm.squareRoot() : 0
      for k in 0..<width { rows[row * width + k] *= factor }
    }
  }
}
