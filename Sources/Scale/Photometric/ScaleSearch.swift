import Glibc
import Quantities

/// Looks over a wide range of scales for the one at which the moved depth makes the older frame look like the
/// newer one, on the coarsest level.
///
/// Both images are first made insensitive to exposure: each pixel minus its surroundings' mean, over their
/// deviation. The cost of a pixel is the absolute difference, cut off so that what moves by itself or is hidden
/// has one vote like everybody else.
struct ScaleSearch {
  /// Reach of the search on either side of the expected log scale: a factor of three.
  private static let reach: Float = 1.1
  private static let candidateCount = 23
  private static let cutOff: Float = 1.2
  /// Cost of a pixel that leaves the image: what two unrelated pixels cost.
  private static let outside: Float = 0.8

  private let camera: GridCamera
  private let width: Int
  private let height: Int
  private var target: [Float]
  private var source: [Float]
  private var inverseScales = [Float](repeating: 0, count: ScaleSearch.candidateCount)
  private var costs = [Float](repeating: 0, count: ScaleSearch.candidateCount)

  /// Pixels that should move so far are asked whether they do, pixels of the coarsest level.
  private static let clearMotion: Float = 0.5
  private static let fewestPixels = 100

  struct Result {
    var logScale: Float
    /// Share of the pixels with clear motion that no motion at all explains better; nil when they are few.
    var staticShare: Float?
  }

  /// What one pixel says.
  private struct Answer {
    var shouldMove: Bool
    var isStill: Bool
  }

  /// - Parameter camera: of the coarsest level.
  init(camera: GridCamera) {
    self.camera = camera
    width = camera.size.width
    height = camera.size.height
    target = [Float](repeating: 0, count: width * height)
    source = target
  }

  /// - Parameters:
  ///   - middle: log scale in the middle of the search.
  ///   - expected: log scale at which motion is expected.
  /// - Returns: nil when too little of the image has texture and depth.
  mutating func run(
    target newer: LumaImage, source older: LumaImage, depth: NetworkDepth,
    motion: ViewMotion, around middle: Float,
    expected: Float
  ) -> Result? {
    Self.flatten(newer, into: &target)
    Self.flatten(older, into: &source)
    for index in 0..<Self.candidateCount {
      costs[index] = 0
      inverseScales[index] = exp(-logScale(Float(index), around: middle))
    }
    let expectedInverse = exp(-expected)
    var counted = 0
    var shouldMove = 0
    var standStill = 0
    for y in 2..<(height - 2) {
      for x in 2..<(width - 2) {
        let value = target[y * width + x]
        // Pixels without texture cannot tell.
        guard abs(value) > 0.25, let w = depth.inverse(4 * x + 2, 4 * y + 2) else { continue }
        let still = abs(source[y * width + x] - value)
        let answer = ask(
          SIMD2(Float(x), Float(y)), value, w, motion, stillCost: still, expectedInverse: expectedInverse)
        counted += answer.isStill ? 0 : 1
        shouldMove += answer.shouldMove ? 1 : 0
        standStill += answer.shouldMove && answer.isStill ? 1 : 0
      }
    }
    let staticShare = shouldMove >= Self.fewestPixels ? Float(standStill) / Float(shouldMove) : nil
    guard counted >= Self.fewestPixels || staticShare != nil else { return nil }
    return Result(logScale: minimum(around: middle), staticShare: staticShare)
  }

  private func logScale(_ place: Float, around middle: Float) -> Float {
    middle - Self.reach + place * 2 * Self.reach / Float(Self.candidateCount - 1)
  }

  /// Adds one pixel's cost to every candidate, unless no motion at all explains the pixel better than each.
  private mutating func ask(
    _ place: SIMD2<Float>, _ value: Float, _ inverseDepth: Float, _ motion: ViewMotion, stillCost: Float,
    expectedInverse: Float
  ) -> Answer {
    let turned = motion.rotate(camera.ray(place))
    let moved = inverseDepth * motion.translation
    var own = InlineArray<23, Float>(repeating: Self.outside)
    var best = Float.infinity
    source.withUnsafeBufferPointer { source in
      for index in 0..<Self.candidateCount {
        let point = turned + inverseScales[index] * moved
        guard point.z > 0.05 else { continue }
        let pixel = camera.pixel(point)
        guard pixel.x >= 1, pixel.y >= 1, pixel.x < Float(width - 2), pixel.y < Float(height - 2) else {
          continue
        }
        let u = Int(pixel.x)
        let v = Int(pixel.y)
        let a = pixel.x - Float(u)
        let b = pixel.y - Float(v)
        let i = v * width + u
        let top = source[i] + a * (source[i + 1] - source[i])
        let bottom = source[i + width] + a * (source[i + width + 1] - source[i + width])
        let cost = min(Self.cutOff, abs(top + b * (bottom - top) - value))
        own[index] = cost
        best = min(best, cost)
      }
    }
    let expected = turned + expectedInverse * moved
    let shift = expected.z > 0.05 ? camera.pixel(expected) - place : .zero
    let isStill = stillCost < best
    if !isStill {
      for index in 0..<Self.candidateCount { costs[index] += own[index] }
    }
    return Answer(
      shouldMove: (shift * shift).sum() > Self.clearMotion * Self.clearMotion, isStill: isStill)
  }

  /// The candidate of least cost, between its neighbours by a parabola.
  private func minimum(around middle: Float) -> Float {
    var best = 0
    for index in 0..<Self.candidateCount where costs[index] < costs[best] { best = index }
    guard best > 0, best < Self.candidateCount - 1 else { return logScale(Float(best), around: middle) }
    let curvature = costs[best - 1] - 2 * costs[best] + costs[best + 1]
    let offset = curvature > 0 ? 0.5 * (costs[best - 1] - costs[best + 1]) / curvature : 0
    return logScale(Float(best) + offset, around: middle)
  }

  /// Each pixel minus the mean of the 5x5 around it, over their deviation (at least a few grey steps).
  private static func flatten(_ image: LumaImage, into flat: inout [Float]) {
    for y in 2..<(image.height - 2) {
      for x in 2..<(image.width - 2) {
        var sum: Float = 0
        var squares: Float = 0
        for v in (y - 2)...(y + 2) {
          let row = image.start + v * image.stride + x
          for u in -2...2 {
            sum += row[u]
            squares += row[u] * row[u]
          }
        }
        let mean = sum / 25
        let deviation = max(0, squares / 25 - mean * mean).squareRoot()
        flat[y * image.width + x] = (image.start[y * image.stride + x] - mean) / (deviation + 0.05)
      }
    }
  }
}
