// Dense products through OpenBLAS, kept to one thread per call: the threads are ours.
internal import COpenBLAS
package import Quantities

/// Tells OpenBLAS to stay on the calling thread. Call once before the first product.
package func useSingleThreadedBLAS() {
  openblas_set_num_threads(1)
}

/// One operand of a product: row-major, `leading` elements between rows, read transposed or not.
package struct MatrixOperand {
  package var base: UnsafePointer<Float>
  package var leading: Int
  package var isTransposed: Bool

  package init(_ base: UnsafePointer<Float>, leading: Int, isTransposed: Bool = false) {
    self.base = base
    self.leading = leading
    self.isTransposed = isTransposed
  }
}

/// c (m, n) = alpha * a (m, k) * b (k, n) + beta * c, the rows of c shared over the executor's threads.
///
/// `c` is row-major with `n` elements between rows and must not overlap the operands.
package func matrixMultiply(
  _ a: MatrixOperand, _ b: MatrixOperand, into c: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int,
  alpha: Float = 1, beta: Float = 0, executor: any ParallelExecutor
) {
  guard m > 0 && n > 0 else { return }
  guard k > 0 else {
    for index in 0..<(m * n) { c[index] = beta == 0 ? 0 : c[index] * beta }
    return
  }
  if m >= 16 || n < 64 {
    let grain = max(1, 65536 / max(1, n * k))
    parallelChunks(executor, count: m, grain: grain) { start, end in
      let rows = a.isTransposed ? a.base + start : a.base + start * a.leading
      product(
        rows, a, b.base, b, c + start * n, ldc: n, m: end - start, n: n, k: k, alpha: alpha, beta: beta)
    }
  } else {
    let grain = max(1, 65536 / max(1, m * k))
    parallelChunks(executor, count: n, grain: grain) { start, end in
      let columns = b.isTransposed ? b.base + start * b.leading : b.base + start
      product(
        a.base, a, columns, b, c + start, ldc: n, m: m, n: end - start, k: k, alpha: alpha, beta: beta)
    }
  }
}

/// c (m, n) = a (m, k) * b (k, n) + beta * c on the calling thread, for callers that share out the work themselves;
/// `leading` elements between the rows of c.
package func matrixMultiply(
  _ a: MatrixOperand, _ b: MatrixOperand, into c: UnsafeMutablePointer<Float>, leading: Int, m: Int, n: Int,
  k: Int,
  beta: Float
) {
  product(a.base, a, b.base, b, c, ldc: leading, m: m, n: n, k: k, alpha: 1, beta: beta)
}

private func product(
  _ aBase: UnsafePointer<Float>, _ a: MatrixOperand, _ bBase: UnsafePointer<Float>, _ b: MatrixOperand,
  _ c: UnsafeMutablePointer<Float>, ldc: Int, m: Int, n: Int, k: Int, alpha: Float, beta: Float
) {
  cblas_sgemm(
    CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
    Int32(m), Int32(n), Int32(k), alpha, aBase, Int32(a.leading), bBase, Int32(b.leading), beta, c, Int32(ldc)
  )
}
