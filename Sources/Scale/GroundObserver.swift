import Geometry
import Glibc
import Odometry
import Quantities

/// Log scale from the known height of the camera: ln(height / distance of the fitted ground in network units).
///
/// The normal is fitted, not imposed: half a metre above the floor, one degree of pitch is a sixth of the depth at
/// five metres.
/// - Source: DNet (Xue et al. 2020), methods notes 2.6.
struct GroundObserver: ~Copyable {
  private static let fewestPixels = 150
  private static let leastShare = 0.3
  private static let largestTiltRadians = 10 * Double.pi / 180
  /// Ground is looked for as far as so many camera heights.
  private static let farthestHeights = 12.0
  private static let leastSigma = 0.05
  /// How far the ground's scale lies from the whole image's, with a right height: networks bend the floor. All
  /// looks at it share this error.
  private static let shapeSigma = 0.12
  private static let rows = 24
  private static let columns = 60

  private let intrinsics: CameraIntrinsics
  private let mount: CameraMount?
  private let initialLogScale: Double
  private let intervalNanoseconds: Int64
  private var last: MonotonicTime?
  /// The ground that was found last, network units.
  private(set) var surface: FlatSurface?
  private var points: [SIMD3<Double>] = []

  init(intrinsics: CameraIntrinsics, mount: CameraMount?, initialLogScale: Double, intervalSeconds: Double) {
    self.intrinsics = intrinsics
    self.mount = mount
    self.initialLogScale = initialLogScale
    intervalNanoseconds = Int64(intervalSeconds * 1e9)
    points.reserveCapacity(Self.rows * Self.columns)
  }

  mutating func forget() {
    last = nil
    surface = nil
  }

  /// Nil when it is not time yet, or the camera has not moved since the last look.
  mutating func observe(
    _ frame: ScaleObserver.Frame, motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> ScaleObservation? {
    if let last {
      guard frame.time - last >= intervalNanoseconds else { return nil }
      if let moved = motion(last, frame.time), moved.chordMeters < 0.01 { return nil }
    }
    last = frame.time
    var observation = ScaleObservation(
      source: .ground, time: frame.time, logScale: .nan, variance: .infinity, distanceMeters: 0, gate: .passed
    )
    guard let mount else {
      observation.gate = .rejected(.noCameraHeight)
      return observation
    }
    measure(frame, mount, into: &observation)
    return observation
  }

  private mutating func measure(
    _ frame: ScaleObserver.Frame, _ mount: CameraMount, into observation: inout ScaleObservation
  ) {
    let looked = gather(frame.depth, mount)
    var settings = SurfaceFit.Settings()
    settings.expectedNormal = mount.ground.normal
    settings.largestTiltRadians = 2 * Self.largestTiltRadians
    settings.fewestInliers = Self.fewestPixels
    settings.smallestShare = 0
    guard looked > 0, let fit = SurfaceFit(points, settings: settings) else {
      observation.gate = .rejected(.groundShare(found: 0, needed: Self.leastShare))
      return
    }
    observation.logScale = log(mount.heightMeters / fit.surface.distanceMeters)
    let spread = fit.robustDeviationMeters / fit.surface.distanceMeters
    let sigma = max(Self.leastSigma, spread / (Double(fit.inlierCount) / 50).squareRoot())
    observation.variance = sigma * sigma
    observation.sharedVariance = Self.shapeSigma * Self.shapeSigma
    let share = Double(fit.inlierCount) / Double(looked)
    let cosine = (fit.surface.normal * mount.ground.normal).sum()
    let tilt = acos(min(1, cosine))
    if share >= Self.leastShare { surface = fit.surface }
    if share < Self.leastShare {
      observation.gate = .rejected(.groundShare(found: share, needed: Self.leastShare))
    } else if tilt > Self.largestTiltRadians {
      observation.gate = .rejected(.groundTilt(found: tilt, limit: Self.largestTiltRadians))
    }
  }

  /// Collects points of the trapezoid below the horizon, in network units; returns how many pixels were looked at.
  private mutating func gather(_ depth: UnsafePointer<Float>, _ mount: CameraMount) -> Int {
    points.removeAll(keepingCapacity: true)
    let size = intrinsics.size
    let ground = mount.ground
    // Three times what the model's own scale allows: the scale is what is looked for.
    let farthest = 3 * Self.farthestHeights * mount.heightMeters * exp(-initialLogScale)
    var looked = 0
    for row in 0..<Self.rows {
      let v = size.height - 1 - row * size.height / (2 * Self.rows)
      let share = Double(row) / Double(Self.rows)
      let margin = share * Double(size.width) / 3
      for column in 0..<Self.columns {
        let place = (Double(column) + 0.5) / Double(Self.columns)
        let u = Int(margin + place * (Double(size.width) - 2 * margin))
        let ray = intrinsics.unproject(u: Double(u), v: Double(v))
        guard let flat = ground.depth(x: ray.x, y: ray.y), flat < Self.farthestHeights * mount.heightMeters
        else { continue }
        looked += 1
        let z = Double(depth[v * size.width + u])
        guard z > 0, z < farthest else { continue }
        points.append(SIMD3(ray.x * z, ray.y * z, z))
      }
    }
    return looked
  }
}
