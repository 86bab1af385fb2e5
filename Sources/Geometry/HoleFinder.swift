import Glibc
import Quantities

/// Finds holes: places that a network believes to be far below the ground.
///
/// Networks trained on video give things that moved with the camera, dark or mirroring ones the depth of
/// infinity. Below the horizon that cannot be: no ray passes through the floor. What a hole hides is unknown, so
/// a hole must never be filled with ground.
///
/// A hole is a connected set of pixels far behind the fitted ground, deep in its middle, and with ground or
/// something nearer to its left, to its right and below it. A slope that falls away, a quay or the sky have no
/// such border: they reach the sides of the image or begin without a jump. Steps down, pits and kerbs look like
/// holes and are rightly unknown.
/// - Source: infinite-depth filter of PackNet (Guizilini et al. 2020) as a test of single frames; methods notes 3.4.
public struct HoleFinder: ~Copyable {
  /// Why a pixel's depth was taken away.
  public enum Reason: UInt8, Sendable, CaseIterable {
    /// It lies far below the fitted ground.
    case belowGround = 1
    /// It is at the network's limit, below the horizon, and all around it is near.
    case enclosed = 2
  }

  /// What one frame showed.
  public struct Findings: Equatable, Sendable {
    /// Share of all pixels that lie in holes.
    public var share = 0.0
    public var holeCount = 0
    /// Nil when no ground was found.
    public var ground: FlatSurface?

    public init() {}
  }

  private let intrinsics: CameraIntrinsics
  private let expectedNormal: SIMD3<Double>
  private var grid: HoleGrid
  private var points: [SIMD3<Double>] = []

  /// - Parameters:
  ///   - intrinsics: of the depth map.
  ///   - mount: how the camera sits; nil = taken to look about level.
  public init(intrinsics: CameraIntrinsics, mount: CameraMount?) {
    self.intrinsics = intrinsics
    expectedNormal = mount?.ground.normal ?? SIMD3(0, 1, 0)
    grid = HoleGrid(size: intrinsics.size)
    points.reserveCapacity(grid.count)
  }

  /// Looks at one depth map. Allocates nothing.
  ///
  /// - Parameters:
  ///   - depth: (height, width) without gaps, any unit; NaN = unknown, +Inf = beyond range.
  ///   - farthest: depth that the network cannot exceed, in the same unit.
  public mutating func run(_ depth: UnsafePointer<Float>, farthest: Float) -> Findings {
    grid.read(depth)
    var findings = Findings()
    findings.ground = fitGround()
    // Without ground only the horizon is known: distance zero puts no pixel behind the ground.
    let ground = findings.ground ?? FlatSurface(normal: expectedNormal, distanceMeters: 0)
    grid.compare(with: ground, intrinsics: intrinsics)
    findings.holeCount = grid.findHoles(farthest: farthest, hasGround: findings.ground != nil)
    findings.share = grid.holeShare
    return findings
  }

  /// Calls `body` with every pixel index that lies in a hole of the last map, and why.
  public func forEachHolePixel(_ body: (_ index: Int, _ reason: Reason) -> Void) {
    guard grid.holeShare > 0 else { return }
    let size = intrinsics.size
    for y in 0..<size.height {
      for x in 0..<size.width {
        if let reason = grid.reason(x: x, y: y) { body(y * size.width + x, reason) }
      }
    }
  }

  private mutating func fitGround() -> FlatSurface? {
    points.removeAll(keepingCapacity: true)
    for row in stride(from: grid.rows / 2, to: grid.rows, by: 2) {
      // A trapezoid: a third of the width in the middle of the image, all of it at the bottom.
      let share = Double(grid.rows - 1 - row) / Double(grid.rows)
      let margin = Int(share * Double(grid.columns) * 2 / 3)
      for column in stride(from: margin, to: grid.columns - margin, by: 4) {
        let z = Double(grid.depth(column, row))
        guard z > 0, z.isFinite else { continue }
        let pixel = grid.pixel(column, row)
        let ray = intrinsics.unproject(u: Double(pixel.x), v: Double(pixel.y))
        points.append(SIMD3(ray.x * z, ray.y * z, z))
      }
    }
    var settings = SurfaceFit.Settings()
    settings.rounds = 60
    settings.tolerance = 0.08
    settings.expectedNormal = expectedNormal
    settings.largestTiltRadians = 0.35
    settings.fewestInliers = 60
    settings.smallestShare = 0.3
    return SurfaceFit(points, settings: settings)?.surface
  }
}
