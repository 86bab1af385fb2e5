import Glibc

/// A rotation followed by a translation, in metres.
///
/// Named `targetFromSource`: it maps source coordinates to target coordinates, so that `cFromB * bFromA` reads
/// as cancellation.
public struct RigidTransform: Hashable, Sendable {
  /// Rotation, row-major 3x3.
  public var rotation: [Double]
  /// Translation, metres.
  public var translation: SIMD3<Double>

  public init(rotation: [Double], translation: SIMD3<Double>) {
    precondition(rotation.count == 9, "a rotation has nine numbers")
    self.rotation = rotation
    self.translation = translation
  }

  public static let identity = RigidTransform(
    rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: .zero)

  /// Applies the rotation only.
  public func rotate(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      rotation[0] * v.x + rotation[1] * v.y + rotation[2] * v.z,
      rotation[3] * v.x + rotation[4] * v.y + rotation[5] * v.z,
      rotation[6] * v.x + rotation[7] * v.y + rotation[8] * v.z)
  }

  /// Maps a source point to target coordinates.
  public func apply(_ point: SIMD3<Double>) -> SIMD3<Double> {
    rotate(point) + translation
  }

  public static func * (left: RigidTransform, right: RigidTransform) -> RigidTransform {
    var product = [Double](repeating: 0, count: 9)
    for row in 0..<3 {
      for column in 0..<3 {
        for k in 0..<3 {
          product[row * 3 + column] += left.rotation[row * 3 + k] * right.rotation[k * 3 + column]
        }
      }
    }
    return RigidTransform(rotation: product, translation: left.apply(right.translation))
  }

  public var inverse: RigidTransform {
    let r = rotation
    let transposed = [r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]]
    let back = RigidTransform(rotation: transposed, translation: .zero)
    return RigidTransform(rotation: transposed, translation: -back.rotate(translation))
  }
}
