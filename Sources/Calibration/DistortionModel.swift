import Geometry

/// The lens models of ROS, by their names on file and on the wire.
public enum DistortionModel: String, Sendable, CaseIterable {
  case plumbBob = "plumb_bob"
  case rationalPolynomial = "rational_polynomial"
  case equidistant

  /// The coefficients in file order.
  public var coefficientNames: [String] {
    switch self {
    case .plumbBob: ["k1", "k2", "p1", "p2", "k3"]
    case .rationalPolynomial: ["k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"]
    case .equidistant: ["k1", "k2", "k3", "k4"]
    }
  }

  /// The lens with these coefficients; `.none` if they bend nothing, so that such images are only resized.
  func distortion(_ d: [Double]) -> LensDistortion {
    precondition(d.count == coefficientNames.count, "the reader has checked the number of coefficients")
    switch self {
    case .plumbBob:
      if d.allSatisfy({ $0 == 0 }) { return .none }
      return .plumbBob(k1: d[0], k2: d[1], p1: d[2], p2: d[3], k3: d[4])
    case .rationalPolynomial:
      if d.allSatisfy({ $0 == 0 }) { return .none }
      return .rationalPolynomial(
        k1: d[0], k2: d[1], p1: d[2], p2: d[3], k3: d[4], k4: d[5], k5: d[6], k6: d[7])
    case .equidistant:
      return .equidistant(k1: d[0], k2: d[1], k3: d[2], k4: d[3])
    }
  }

  /// Name and coefficients of a lens.
  ///
  /// A lens without distortion is a plumb_bob of zeros, as ROS writes it.
  static func parameters(of lens: LensDistortion) -> (DistortionModel, [Double]) {
    switch lens {
    case .none:
      (.plumbBob, [0, 0, 0, 0, 0])
    case .plumbBob(let k1, let k2, let p1, let p2, let k3):
      (.plumbBob, [k1, k2, p1, p2, k3])
    case .rationalPolynomial(let k1, let k2, let p1, let p2, let k3, let k4, let k5, let k6):
      (.rationalPolynomial, [k1, k2, p1, p2, k3, k4, k5, k6])
    case .equidistant(let k1, let k2, let k3, let k4):
      (.equidistant, [k1, k2, k3, k4])
    }
  }
}
