import Glibc

/// How a lens bends rays, with OpenCV's and ROS's parameter order.
///
/// Source: OpenCV calib3d documentation; `plumb_bob` is Brown-Conrady, `equidistant` is Kannala-Brandt.
public enum LensDistortion: Hashable, Sendable {
  case none
  case plumbBob(k1: Double, k2: Double, p1: Double, p2: Double, k3: Double)
  case rationalPolynomial(
    k1: Double, k2: Double, p1: Double, p2: Double, k3: Double, k4: Double, k5: Double, k6: Double)
  case equidistant(k1: Double, k2: Double, k3: Double, k4: Double)

  /// The (x/z, y/z) position where an ideal direction appears through this lens.
  public func distort(x: Double, y: Double) -> (x: Double, y: Double) {
    switch self {
    case .none:
      return (x, y)
    case .plumbBob(let k1, let k2, let p1, let p2, let k3):
      let r2 = x * x + y * y
      return Self.brown(x: x, y: y, radial: 1 + r2 * (k1 + r2 * (k2 + r2 * k3)), p1: p1, p2: p2)
    case .rationalPolynomial(let k1, let k2, let p1, let p2, let k3, let k4, let k5, let k6):
      let r2 = x * x + y * y
      let numerator = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
      let denominator = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
      return Self.brown(x: x, y: y, radial: numerator / denominator, p1: p1, p2: p2)
    case .equidistant(let k1, let k2, let k3, let k4):
      let r = (x * x + y * y).squareRoot()
      guard r > 1e-9 else { return (x, y) }
      let theta = atan(r)
      let t2 = theta * theta
      let bent = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
      return (x * bent / r, y * bent / r)
    }
  }

  /// The ideal (x/z, y/z) direction that appears at a distorted position; nil where the model does not
  /// invert (outside the lens's monotonic range).
  public func undistort(x: Double, y: Double) -> (x: Double, y: Double)? {
    if case .none = self { return (x, y) }
    var ideal = (x: x, y: y)
    for _ in 0..<50 {
      let bent = distort(x: ideal.x, y: ideal.y)
      let error = (x: bent.x - x, y: bent.y - y)
      if error.x * error.x + error.y * error.y < 1e-22 { return ideal }
      guard let step = solveStep(at: ideal, error: error) else { return nil }
      ideal.x -= step.x
      ideal.y -= step.y
    }
    let bent = distort(x: ideal.x, y: ideal.y)
    let residual = ((bent.x - x) * (bent.x - x) + (bent.y - y) * (bent.y - y)).squareRoot()
    return residual < 1e-8 ? ideal : nil
  }

  /// One Newton step with a central-difference Jacobian; nil when it is singular.
  private func solveStep(
    at point: (x: Double, y: Double), error: (x: Double, y: Double)
  ) -> (x: Double, y: Double)? {
    let h = 1e-6
    let right = distort(x: point.x + h, y: point.y)
    let left = distort(x: point.x - h, y: point.y)
    let below = distort(x: point.x, y: point.y + h)
    let above = distort(x: point.x, y: point.y - h)
    let a = (right.x - left.x) / (2 * h)
    let b = (below.x - above.x) / (2 * h)
    let c = (right.y - left.y) / (2 * h)
    let d = (below.y - above.y) / (2 * h)
    let determinant = a * d - b * c
    guard abs(determinant) > 1e-9, determinant.isFinite else { return nil }
    return ((d * error.x - b * error.y) / determinant, (a * error.y - c * error.x) / determinant)
  }

  private static func brown(
    x: Double, y: Double, radial: Double, p1: Double, p2: Double
  ) -> (x: Double, y: Double) {
    let r2 = x * x + y * y
    return (
      x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
      y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    )
  }
}
