// The three linear maps of Winograd's F(4x4, 3x3): six by six inputs, four by four outputs.
// Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015), section 4.1 with the
// interpolation points 0, 1, -1, 2, -2.

/// Six values of one row or column, eight channels each.
typealias WinogradLine = (Float8, Float8, Float8, Float8, Float8, Float8)

/// B^T d for one line.
@inline(__always)
func winogradInput(_ d: WinogradLine) -> WinogradLine {
  let a = d.4 - d.2 * 4
  let b = d.3 - d.1 * 4
  let c = d.4 - d.2
  let e = (d.3 - d.1) * 2
  return (
    d.0 * 4 - d.2 * 5 + d.4, a + b, a - b, c + e, c - e, d.1 * 4 - d.3 * 5 + d.5
  )
}

/// A^T m for one line.
@inline(__always)
func winogradOutput(_ m: WinogradLine) -> (Float8, Float8, Float8, Float8) {
  let a = m.1 + m.2
  let b = m.1 - m.2
  let c = m.3 + m.4
  let d = m.3 - m.4
  return (m.0 + a + c, b + d * 2, a + c * 4, b + d * 8 + m.5)
}

/// G g G^T of one 3x3 filter: 36 values, row by row.
func winogradFilter(_ g: UnsafePointer<Float>, into u: UnsafeMutablePointer<Float>) {
  func line(_ a: Double, _ b: Double, _ c: Double) -> [Double] {
    [
      a / 4, -(a + b + c) / 6, -(a - b + c) / 6, a / 24 + b / 12 + c / 6, a / 24 - b / 12 + c / 6, c,
    ]
  }
  let columns = (0..<3).map { line(Double(g[$0]), Double(g[3 + $0]), Double(g[6 + $0])) }
  for row in 0..<6 {
    let values = line(columns[0][row], columns[1][row], columns[2][row])
    for column in 0..<6 { u[row * 6 + column] = Float(values[column]) }
  }
}
