extension LensDistortion {
  /// The ideal radius sqrt(x^2 + y^2) (x = X/Z) up to which a ray further out also appears further out.
  ///
  /// Beyond it the polynomial folds back and would show rays the lens never saw; `+infinity` if it never does
  /// within 84 degrees of the axis. Tangential terms are ignored: they shift, they do not fold.
  public var monotonicRadius: Double {
    switch self {
    case .none:
      return .infinity
    case .plumbBob(let k1, let k2, _, _, let k3):
      return Self.firstFold { r in
        let r2 = r * r
        return r * (1 + r2 * (k1 + r2 * (k2 + r2 * k3)))
      }
    case .rationalPolynomial(let k1, let k2, _, _, let k3, let k4, let k5, let k6):
      return Self.firstFold { r in
        let r2 = r * r
        return r * (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
      }
    case .equidistant:
      return Self.firstFold { self.distort(x: $0, y: 0).x }
    }
  }

  /// The radius where `bend` stops growing, to 1/1000, searched up to 10 (84 degrees).
  private static func firstFold(_ bend: (Double) -> Double) -> Double {
    let step = 1e-3
    var previous = 0.0
    for index in 1...10_000 {
      let bent = bend(Double(index) * step)
      guard bent > previous else { return Double(index - 1) * step }
      previous = bent
    }
    return .infinity
  }
}
