import Glibc

/// Finds the flat surface that most of a set of points lie on.
///
/// A surface is `N . X = 1` with N = normal / distance; the error of a point, `N . X - 1`, is then relative to the
/// surface's distance, so one tolerance serves all scales. First RANSAC, then least squares with Tukey weights.
///
/// - Source: Fischler and Bolles 1981 (RANSAC); Beaton and Tukey 1974 (weights).
public struct SurfaceFit: Sendable {
  public struct Settings: Sendable {
    /// Largest relative error of an inlier.
    public var tolerance = 0.03
    public var rounds = 200
    /// Surfaces are looked for whose normal lies within `largestTiltRadians` of this; nil = any.
    public var expectedNormal: SIMD3<Double>?
    public var largestTiltRadians = 0.6
    /// Fewest points and smallest share of them that make a surface.
    public var fewestInliers = 100
    public var smallestShare = 0.25

    public init() {}
  }

  public let surface: FlatSurface
  public let inlierCount: Int
  public let inlierShare: Double
  /// Of the inliers' distances from the surface, metres: root mean square, and 1.4826 times the median of the
  /// absolute values.
  public let rootMeanSquareMeters: Double
  public let robustDeviationMeters: Double

  /// Fits a surface to points in the optical frame; nil when too few of them agree on one.
  ///
  /// The same points give the same surface. Allocates nothing.
  public init?(_ points: [SIMD3<Double>], settings: Settings = Settings()) {
    guard points.count >= max(3, settings.fewestInliers) else { return nil }
    guard var best = Self.search(points, settings) else { return nil }
    for _ in 0..<10 {
      guard let refined = Self.refine(best, points, settings) else { return nil }
      let change = ((refined - best) * (refined - best)).sum()
      best = refined
      if change < 1e-18 * (best * best).sum() { break }
    }
    guard Self.isExpected(best, settings) else { return nil }
    let length = (best * best).sum().squareRoot()
    let found = FlatSurface(normal: best / length, distanceMeters: 1 / length)
    var count = 0
    var squares = 0.0
    for point in points where abs((best * point).sum() - 1) < settings.tolerance {
      count += 1
      squares += found.offset(of: point) * found.offset(of: point)
    }
    let share = Double(count) / Double(points.count)
    guard count >= settings.fewestInliers, share >= settings.smallestShare else { return nil }
    surface = found
    inlierCount = count
    inlierShare = share
    rootMeanSquareMeters = (squares / Double(count)).squareRoot()
    let limit = settings.tolerance * found.distanceMeters
    robustDeviationMeters = 1.4826 * Self.medianOffset(points, from: found, below: limit, count: count)
  }

  /// Median distance from the surface of the `count` points nearer than `limit`, to a millionth of the limit; by
  /// bisection, so that a fit needs no memory.
  private static func medianOffset(
    _ points: [SIMD3<Double>], from surface: FlatSurface, below limit: Double, count: Int
  ) -> Double {
    var low = 0.0
    var high = limit
    for _ in 0..<20 {
      let middle = 0.5 * (low + high)
      var below = 0
      for point in points where abs(surface.offset(of: point)) < middle { below += 1 }
      if 2 * below < count { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// The best surface through three points, by the number of inliers.
  private static func search(_ points: [SIMD3<Double>], _ settings: Settings) -> SIMD3<Double>? {
    var random = SplitMix(state: 0x9e37_79b9_7f4a_7c15)
    // A vote of a thousand points decides as well as one of all.
    let step = max(1, points.count / 1000)
    var best: (votes: Int, surface: SIMD3<Double>)?
    for _ in 0..<settings.rounds {
      let a = points[random.index(below: points.count)]
      let b = points[random.index(below: points.count)]
      let c = points[random.index(below: points.count)]
      guard let candidate = through(a, b, c), isExpected(candidate, settings) else { continue }
      var votes = 0
      for index in stride(from: 0, to: points.count, by: step)
      where abs((candidate * points[index]).sum() - 1) < settings.tolerance {
        votes += 1
      }
      if votes > (best?.votes ?? 0) { best = (votes, candidate) }
    }
    return best?.surface
  }

  /// Weighted least squares of `N . X = 1`, weights from the present surface.
  private static func refine(
    _ present: SIMD3<Double>, _ points: [SIMD3<Double>], _ settings: Settings
  ) -> SIMD3<Double>? {
    var rows = (SIMD3<Double>.zero, SIMD3<Double>.zero, SIMD3<Double>.zero)
    var right = SIMD3<Double>.zero
    for point in points {
      let share = ((present * point).sum() - 1) / settings.tolerance
      guard abs(share) < 1 else { continue }
      let weight = (1 - share * share) * (1 - share * share)
      let weighted = weight * point
      rows.0 += weighted.x * point
      rows.1 += weighted.y * point
      rows.2 += weighted.z * point
      right += weighted
    }
    return solve(rows, right)
  }

  private static func isExpected(_ candidate: SIMD3<Double>, _ settings: Settings) -> Bool {
    guard let expected = settings.expectedNormal else { return true }
    let product = (candidate * expected).sum()
    let lengths = ((candidate * candidate).sum() * (expected * expected).sum()).squareRoot()
    return product > cos(settings.largestTiltRadians) * lengths
  }

  /// N of the surface through three points; nil when they lie on a line or in a plane with the camera.
  private static func through(
    _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>
  ) -> SIMD3<Double>? {
    let normal = cross(b - a, c - a)
    let distance = (normal * a).sum()
    guard (normal * normal).sum() > 1e-18, abs(distance) > 1e-12 else { return nil }
    return normal / distance
  }

  /// Cramer's rule; nil when the matrix is singular.
  private static func solve(
    _ rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>), _ right: SIMD3<Double>
  ) -> SIMD3<Double>? {
    let minor = cross(rows.1, rows.2)
    let determinant = (rows.0 * minor).sum()
    let size = max((rows.0 * rows.0).sum(), (rows.1 * rows.1).sum(), (rows.2 * rows.2).sum()).squareRoot()
    guard abs(determinant) > 1e-12 * size * size * size else { return nil }
    return
      (right.x * minor + right.y * cross(rows.2, rows.0) + right.z * cross(rows.0, rows.1)) / determinant
  }
}

private func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// A small generator of its own, so that a fit never depends on the process's luck.
private struct SplitMix {
  var state: UInt64

  mutating func index(below count: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return Int(mixed % UInt64(count))
  }
}
