import Quantities

/// Looks for the ground in a depth map and measures from it how the camera is mounted.
///
/// The ground is searched where it usually is: in a trapezoid in the lower half of the image, within
/// `farthestMeters`, and with a normal that points down. The normal is fitted, not imposed.
/// - Source: ground-plane scale recovery as in DNet (Xue et al. 2020), loosened for cameras that look down.
public struct GroundView: Sendable {
  public var mount: CameraMount
  /// Share of the searched pixels that lie on the ground.
  public var groundShare: Double
  /// How far ground pixels lie off the ground, robust standard deviation, metres.
  public var roughnessMeters: Double

  /// Every pixel of this grid spacing is looked at.
  private static let spacing = 4

  /// Measures one depth map; nil when it shows no ground.
  ///
  /// - Parameters:
  ///   - depth: metres along the optical axis at pixel (u, v); not finite = unknown.
  ///   - intrinsics: of that very grid.
  public init?(
    intrinsics k: CameraIntrinsics, farthestMeters: Double = 15, depth: (_ u: Int, _ v: Int) -> Float
  ) {
    var points: [SIMD3<Double>] = []
    var looked = 0
    for v in stride(from: k.size.height * 55 / 100, to: k.size.height, by: 2) {
      // The trapezoid is as wide as the image at the bottom and a third of it at the top.
      let share = Double(k.size.height - v) / (0.45 * Double(k.size.height))
      let margin = Int(share * Double(k.size.width) / 3)
      for u in stride(from: margin, to: k.size.width - margin, by: Self.spacing) {
        looked += 1
        let z = Double(depth(u, v))
        guard z.isFinite, z > 0, z < farthestMeters else { continue }
        let ray = k.unproject(u: Double(u), v: Double(v))
        points.append(SIMD3(ray.x * z, ray.y * z, z))
      }
    }
    var settings = SurfaceFit.Settings()
    settings.expectedNormal = SIMD3(0, 1, 0)
    settings.largestTiltRadians = 0.8
    guard looked > 0, let fit = SurfaceFit(points, settings: settings) else { return nil }
    mount = CameraMount(ground: fit.surface)
    groundShare = Double(fit.inlierCount) / Double(looked)
    roughnessMeters = fit.robustDeviationMeters
  }
}
