// The filter transform of Winograd's F(4x4, 3x3); those of inputs and outputs are micro-kernels in CKernels.
// Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015), section 4.1 with the
// interpolation points 0, 1, -1, 2, -2.

/// G g G^T of one 3x3 filter: 36 values, row by row, `stride` apart.
func winogradFilter(_ g: UnsafePointer<Float>, into u: UnsafeMutablePointer<Float>, stride: Int) {
  typealias Line = (Double, Double, Double, Double, Double, Double)
  func line(_ a: Double, _ b: Double, _ c: Double) -> Line {
    (
      a / 4, -(a + b + c) / 6, -(a - b + c) / 6, a / 24 + b / 12 + c / 6, a / 24 - b / 12 + c / 6, c
    )
  }
  func emit(_ row: Int, _ a: Double, _ b: Double, _ c: Double) {
    let values = line(a, b, c)
    let target = u + row * 6 * stride
    target[0] = Float(values.0)
    target[stride] = Float(values.1)
    target[2 * stride] = Float(values.2)
    target[3 * stride] = Float(values.3)
    target[4 * stride] = Float(values.4)
    target[5 * stride] = Float(values.5)
  }
  let (a, b, c) = (
    line(Double(g[0]), Double(g[3]), Double(g[6])), line(Double(g[1]), Double(g[4]), Double(g[7])),
    line(Double(g[2]), Double(g[5]), Double(g[8]))
  )
  emit(0, a.0, b.0, c.0)
  emit(1, a.1, b.1, c.1)
  emit(2, a.2, b.2, c.2)
  emit(3, a.3, b.3, c.3)
  emit(4, a.4, b.4, c.4)
  emit(5, a.5, b.5, c.5)
}
