public import Geometry
import Glibc
public import ImageBuffers
import Quantities

/// How good depth is on a flat wall that fills the middle of the image: are there holes, is the wall flat, does it
/// stand still?
///
/// - Source: the measures of RealSense's depth quality tool (fill rate, plane fit, spatial and temporal noise).
public struct WallTest {
  public struct Result: Equatable, Sendable {
    public let frames: Int
    /// Share of pixels of the region with a depth, over all frames.
    public let fillRatio: Double
    /// Median depth of the region, in the unit of the depth given.
    public let distance: Double
    /// How far the mean depth of pixels lies off the fitted plane along the optical axis: root mean square,
    /// divided by the distance; nil when no plane was found.
    public let planeErrorRatio: Double?
    /// Share of the region's pixels that lie on the plane to 3 %.
    public let planeShare: Double?
    /// Angle between the wall's normal and the optical axis, radians.
    public let tiltRadians: Double?
    /// Median over the pixels of the standard deviation over time divided by the mean; nil for one frame.
    public let temporalNoiseRatio: Double?
  }

  /// Part of the image's width and height that is looked at, in the middle.
  public static let regionShare = 0.4

  private let intrinsics: CameraIntrinsics
  private let columns: Range<Int>
  private let rows: Range<Int>
  private var frames = 0
  private var counts: [Int]
  private var means: [Double]
  /// Sums of squared deviations from the mean (Welford 1962).
  private var squares: [Double]

  /// - Parameter intrinsics: of the grid of every depth map that is added.
  public init(intrinsics: CameraIntrinsics) {
    self.intrinsics = intrinsics
    columns = Self.middle(of: intrinsics.size.width)
    rows = Self.middle(of: intrinsics.size.height)
    counts = [Int](repeating: 0, count: columns.count * rows.count)
    means = [Double](repeating: 0, count: counts.count)
    squares = means
  }

  private static func middle(of length: Int) -> Range<Int> {
    let half = max(1, Int(Double(length) * regionShare / 2))
    return max(0, length / 2 - half)..<min(length, length / 2 + half)
  }

  /// Takes in one depth map (H, W); NaN and infinite are holes.
  public mutating func add(_ depth: borrowing Plane<Float>) {
    precondition(
      depth.width == intrinsics.size.width && depth.height == intrinsics.size.height,
      "all depth maps of a wall test lie on the grid of its intrinsics")
    frames += 1
    var index = 0
    for v in rows {
      for u in columns {
        let z = Double(depth.baseAddress[v * depth.rowStride + u])
        if z.isFinite {
          counts[index] += 1
          let step = z - means[index]
          means[index] += step / Double(counts[index])
          squares[index] += step * (z - means[index])
        }
        index += 1
      }
    }
  }

  /// What was measured; nil while no pixel had a depth.
  public var result: Result? {
    let filled = counts.indices.filter { counts[$0] > 0 }
    guard !filled.isEmpty else { return nil }
    let sorted = filled.map { means[$0] }.sorted()
    let distance = sorted[sorted.count / 2]
    var settings = SurfaceFit.Settings()
    settings.fewestInliers = min(100, max(3, filled.count / 4))
    let fit = SurfaceFit(filled.map(point), settings: settings)
    return Result(
      frames: frames, fillRatio: Double(counts.reduce(0, +)) / Double(counts.count * frames),
      distance: distance,
      planeErrorRatio: fit.flatMap { error(from: $0.surface, filled) }.map { $0 / distance },
      planeShare: fit?.inlierShare, tiltRadians: fit.map { tilt(of: $0.surface) },
      temporalNoiseRatio: temporalNoise())
  }

  private func ray(_ index: Int) -> (x: Double, y: Double) {
    intrinsics.unproject(
      u: Double(columns.lowerBound + index % columns.count),
      v: Double(rows.lowerBound + index / columns.count))
  }

  private func point(_ index: Int) -> SIMD3<Double> {
    let ray = ray(index)
    return SIMD3(ray.x, ray.y, 1) * means[index]
  }

  private func error(from surface: FlatSurface, _ pixels: [Int]) -> Double? {
    var sum = 0.0
    var count = 0
    for index in pixels {
      let ray = ray(index)
      guard let expected = surface.depth(x: ray.x, y: ray.y) else { continue }
      sum += (means[index] - expected) * (means[index] - expected)
      count += 1
    }
    return count > 0 ? (sum / Double(count)).squareRoot() : nil
  }

  private func tilt(of surface: FlatSurface) -> Double {
    acos(min(1, abs(surface.normal.z)))
  }

  /// Pixels count that had a depth in at least half of the frames.
  private func temporalNoise() -> Double? {
    guard frames > 1 else { return nil }
    let noise = counts.indices
      .filter { counts[$0] > 1 && 2 * counts[$0] >= frames && means[$0] > 0 }
      .map { (squares[$0] / Double(counts[$0] - 1)).squareRoot() / means[$0] }
      .sorted()
    return noise.isEmpty ? nil : noise[noise.count / 2]
  }
}
