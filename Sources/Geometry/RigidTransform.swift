import Glibc

/// A rotation followed by a translation, in metres.
///
/// Named `targetFromSource`: it maps source coordinates to target coordinates, so that `cFromB * bFromA` reads
/// as cancellation. Lives on the stack: moving points and chaining transforms allocates nothing.
public struct RigidTransform: Hashable, Sendable {
  /// The rotation's rows.
  private var first: SIMD3<Double>
  private var second: SIMD3<Double>
  private var third: SIMD3<Double>
  /// Translation, metres.
  public var translation: SIMD3<Double>

  /// - Parameter rotation: row-major 3x3.
  public init(rotation: [Double], translation: SIMD3<Double>) {
    precondition(rotation.count == 9, "a rotation has nine numbers")
    self.init(
      rows: SIMD3(rotation[0], rotation[1], rotation[2]), SIMD3(rotation[3], rotation[4], rotation[5]),
      SIMD3(rotation[6], rotation[7], rotation[8]), translation: translation)
  }

  /// The same from the rotation's rows.
  public init(
    rows first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>, translation: SIMD3<Double>
  ) {
    self.first = first
    self.second = second
    self.third = third
    self.translation = translation
  }

  public static let identity = RigidTransform(
    rows: SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1), translation: .zero)

  /// Turns by an angle about the third axis, from the first towards the second, then moves.
  public static func aboutThirdAxis(radians: Double, translation: SIMD3<Double> = .zero) -> RigidTransform {
    let (sine, cosine) = (sin(radians), cos(radians))
    return RigidTransform(
      rows: SIMD3(cosine, -sine, 0), SIMD3(sine, cosine, 0), SIMD3(0, 0, 1), translation: translation)
  }

  /// The same from a unit quaternion (x, y, z, w), as ROS orders it.
  public init(quaternion q: SIMD4<Double>, translation: SIMD3<Double>) {
    let (x, y, z, w) = (q.x, q.y, q.z, q.w)
    self.init(
      rows: SIMD3(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
      SIMD3(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
      SIMD3(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)), translation: translation)
  }

  /// Rotation, row-major 3x3.
  public var rotation: [Double] {
    [first.x, first.y, first.z, second.x, second.y, second.z, third.x, third.y, third.z]
  }

  /// Whether nine numbers, row by row, are a rotation: right-handed, and times its transpose the identity.
  public static func isRotation(_ r: [Double]) -> Bool {
    guard r.count == 9 else { return false }
    for row in 0..<3 {
      for other in 0..<3 {
        let dot = (0..<3).reduce(0.0) { $0 + r[row * 3 + $1] * r[other * 3 + $1] }
        // Written so that NaN is no rotation either.
        guard abs(dot - (row == other ? 1 : 0)) < 1e-3 else { return false }
      }
    }
    let determinant =
      r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6])
      + r[2] * (r[3] * r[7] - r[4] * r[6])
    return determinant > 0
  }

  /// Applies the rotation only.
  public func rotate(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3((first * v).sum(), (second * v).sum(), (third * v).sum())
  }

  /// Maps a source point to target coordinates.
  public func apply(_ point: SIMD3<Double>) -> SIMD3<Double> {
    rotate(point) + translation
  }

  public static func * (left: RigidTransform, right: RigidTransform) -> RigidTransform {
    func combined(_ row: SIMD3<Double>) -> SIMD3<Double> {
      row.x * right.first + row.y * right.second + row.z * right.third
    }
    return RigidTransform(
      rows: combined(left.first), combined(left.second), combined(left.third),
      translation: left.apply(right.translation))
  }

  public var inverse: RigidTransform {
    let back = RigidTransform(
      rows: SIMD3(first.x, second.x, third.x), SIMD3(first.y, second.y, third.y),
      SIMD3(first.z, second.z, third.z), translation: .zero)
    return RigidTransform(
      rows: back.first, back.second, back.third, translation: -back.rotate(translation))
  }
}
