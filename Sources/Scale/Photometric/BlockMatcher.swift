import Glibc

/// Asks whole blocks of the image, bare ones too, at which log scale they look like the older frame.
///
/// Patches need corners. A road or a floor has none, yet fills half of the image, and its faint grain, summed over a
/// block, tells its distance well: near things move far between two frames. With the motion known only the log scale is
/// left: every pixel of the block is moved by its own predicted depth at each of a row of scales, and the
/// correlation of the two images (exposure may change) is largest at the right one.
struct BlockMatcher {
  /// Side of a block, pixels of the middle level.
  static let side = 8
  private static let count = side * side
  /// Reach to either side of the expected log scale.
  private static let reach: Float = 0.6
  /// Wanted step between two scales, pixels of the middle level, and the largest, of the log scale.
  private static let pixelStep: Float = 0.6
  private static let largestStep: Float = 0.12
  private static let mostSteps = 33
  /// Blocks that move less with the translation have no vote, pixels of the middle level. Every tenth of them finds its
  /// peak where something moves along, far too far away, and hardly one errs as much the other way.
  private static let leastParallax: Float = 3
  /// Below this spread of grey values there is no texture, normalised units (1 = 57 of 255).
  private static let leastDeviation: Float = 0.006
  /// Correlation at the best scale, and how far it must lie above that of scales out of its reach.
  private static let leastCorrelation: Float = 0.4
  private static let leastLead: Float = 0.12
  /// What lies within so many pixels of the middle level belongs to the same peak.
  private static let peakReach: Float = 2.5
  /// Neighbouring pixels' errors belong together: as if there were half as many.
  private static let independentShare: Float = 0.5
  private static let largestVariance: Float = 0.02

  private static let groupCount = count / 8

  /// Eight pixels of the block, as homogeneous image places: those of their rays turned into the older frame, and what
  /// the translation adds at scale one; `z` is the depth ahead of the older camera, over the depth.
  private struct Group {
    var turnedX = SIMD8<Float>.zero
    var turnedY = SIMD8<Float>.zero
    var turnedZ = SIMD8<Float>.zero
    var movedX = SIMD8<Float>.zero
    var movedY = SIMD8<Float>.zero
    var movedZ = SIMD8<Float>.zero
    /// Grey values without the block's mean.
    var values = SIMD8<Float>.zero
  }

  /// Of the middle level.
  private let camera: GridCamera
  private var groups = [Group](repeating: Group(), count: BlockMatcher.groupCount)
  private var correlations = [Float](repeating: 0, count: BlockMatcher.mostSteps)

  init(camera: GridCamera) { self.camera = camera }

  /// - Parameters:
  ///   - corner: first pixel of the block, middle level.
  ///   - expected: log scale in the middle of the search.
  /// - Returns: nil when the block does not tell.
  mutating func vote(
    _ corner: SIMD2<Int>, newer: LumaImage, older: LumaImage, depth: NetworkDepth, motion: ViewMotion,
    around expected: Float
  ) -> ScaleVote? {
    guard let deviation = read(corner, newer, depth, motion), deviation.grey > Self.leastDeviation else {
      return nil
    }
    let inverseScale = expf(-expected)
    let parallax = way(inverseScale: inverseScale)
    guard parallax >= Self.leastParallax else { return nil }
    let half = min(Self.mostSteps / 2, Int((Self.reach * parallax / Self.pixelStep).rounded(.up)))
    let step = min(Self.largestStep, Self.reach / Float(half))
    let count = 2 * half + 1
    for index in 0..<count {
      let scale = inverseScale * expf(-step * Float(index - half))
      correlations[index] = correlation(older, inverseScale: scale, deviation.grey)
    }
    let peakSteps = max(2, Int((Self.peakReach / (step * parallax)).rounded(.up)))
    guard let (place, variance) = peak(count: count, within: peakSteps) else { return nil }
    let logVariance = variance * step * step
    guard logVariance < Self.largestVariance else { return nil }
    let centre = SIMD2(Float(corner.x), Float(corner.y)) + 0.5 * Float(Self.side)
    return ScaleVote(
      place: 2 * centre - 0.5, logDepth: -logf(deviation.inverseDepth),
      logScale: expected + step * (place - Float(half)), variance: logVariance, parallax: 2 * parallax)
  }

  /// Reads the block; nil where depth is unknown.
  private mutating func read(
    _ corner: SIMD2<Int>, _ image: LumaImage, _ depth: NetworkDepth, _ motion: ViewMotion
  ) -> (grey: Float, inverseDepth: Float)? {
    var sum: Float = 0
    var squares: Float = 0
    var inverses: Float = 0
    let away = homogeneous(motion.translation)
    for index in 0..<Self.count {
      let x = corner.x + index % Self.side
      let y = corner.y + index / Self.side
      // A pixel of the middle level covers four of the finest.
      guard let first = depth.inverse(2 * x, 2 * y), let last = depth.inverse(2 * x + 1, 2 * y + 1) else {
        return nil
      }
      let inverse = 0.5 * (first + last)
      let turned = homogeneous(motion.rotate(camera.ray(SIMD2(Float(x), Float(y)))))
      let value = image.start[y * image.stride + x]
      let (group, lane) = (index / 8, index % 8)
      groups[group].turnedX[lane] = turned.x
      groups[group].turnedY[lane] = turned.y
      groups[group].turnedZ[lane] = turned.z
      groups[group].movedX[lane] = inverse * away.x
      groups[group].movedY[lane] = inverse * away.y
      groups[group].movedZ[lane] = inverse * away.z
      groups[group].values[lane] = value
      sum += value
      squares += value * value
      inverses += inverse
    }
    let mean = sum / Float(Self.count)
    for group in groups.indices { groups[group].values -= mean }
    guard inverses > 0 else { return nil }
    return (max(0, squares / Float(Self.count) - mean * mean).squareRoot(), inverses / Float(Self.count))
  }

  /// A point's image place times its depth, and the depth.
  private func homogeneous(_ point: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(
      camera.focal.x * point.x + camera.centre.x * point.z,
      camera.focal.y * point.y + camera.centre.y * point.z,
      point.z)
  }

  /// How far the middle of the block moves with the translation, pixels.
  private func way(inverseScale: Float) -> Float {
    let middle = groups[Self.groupCount / 2]
    let turned = SIMD3(middle.turnedX[4], middle.turnedY[4], middle.turnedZ[4])
    let moved =
      turned + inverseScale * SIMD3(middle.movedX[4], middle.movedY[4], middle.movedZ[4])
    guard moved.z > 0.05, turned.z > 0.05 else { return 0 }
    let way = SIMD2(moved.x, moved.y) / moved.z - SIMD2(turned.x, turned.y) / turned.z
    return (way * way).sum().squareRoot()
  }

  /// Of the block with the older image, its pixels moved at one scale; -1 where they leave that image.
  private func correlation(_ image: LumaImage, inverseScale: Float, _ deviation: Float) -> Float {
    var sums = SIMD8<Float>.zero
    var squares = SIMD8<Float>.zero
    var products = SIMD8<Float>.zero
    let right = Float(image.width) - 1.5
    let bottom = Float(image.height) - 1.5
    for group in groups {
      let z = group.turnedZ + inverseScale * group.movedZ
      let x = (group.turnedX + inverseScale * group.movedX) / z
      let y = (group.turnedY + inverseScale * group.movedY) / z
      let isInside = (z .> 0.05) .& (x .> 0.5) .& (y .> 0.5) .& (x .< right) .& (y .< bottom)
      guard all(isInside) else { return -1 }
      let seen = image.sample(x, y)
      sums += seen
      squares += seen * seen
      products += seen * group.values
    }
    let count = Float(Self.count)
    let sum = sums.sum()
    let spread = max(1e-9, squares.sum() - sum * sum / count)
    return products.sum() / (spread * count).squareRoot() / deviation
  }

  /// The place of the largest correlation, in steps, and its variance; nil when it does not stand out.
  ///
  /// - Source: variance of a delay from correlation c with n samples: (1 - c^2) / (n c k), k the curvature of the
  ///   peak (Cramer and Rao's bound, as in Quazi 1981).
  private func peak(count: Int, within reach: Int) -> (place: Float, variance: Float)? {
    var best = 0
    for index in 0..<count where correlations[index] > correlations[best] { best = index }
    guard best > 0, best < count - 1 else { return nil }
    let (before, top, after) = (correlations[best - 1], correlations[best], correlations[best + 1])
    guard before > -1, after > -1, top >= Self.leastCorrelation else { return nil }
    for index in 0..<count where abs(index - best) > reach {
      guard correlations[index] < top - Self.leastLead else { return nil }
    }
    let curvature = 2 * top - before - after
    guard curvature > 1e-6 else { return nil }
    let offset = 0.5 * (after - before) / curvature
    let noise = max(1e-3, 1 - top * top)
    return (
      Float(best) + offset, noise / (Self.independentShare * Float(Self.count) * top * curvature)
    )
  }
}
