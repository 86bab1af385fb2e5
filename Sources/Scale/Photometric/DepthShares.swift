import Glibc
import Quantities

/// How the pixels of an image are spread over distance, as the network sees it.
///
/// Texture is not where the pixels are: a bare floor fills a third of the image and offers few patches. Since a
/// network errs differently near and far, patches must speak for all pixels at their distance.
struct DepthShares {
  static let count = 20
  private static let columns = 32
  private static let rows = 24
  /// Width of one class and its lowest bound, of ln(network units).
  private static let step: Float = 0.35
  private static let lowest: Float = -1

  /// Share of the pixels in each class, from near to far.
  private(set) var shares = InlineArray<20, Float>(repeating: 0)

  init() {}

  /// - Parameter farthest: pixels beyond it are left out, network units.
  init(_ depth: NetworkDepth, farthest: Float) {
    var total: Float = 0
    for row in 0..<Self.rows {
      let y = (2 * row + 1) * depth.size.height / (2 * Self.rows)
      for column in 0..<Self.columns {
        let x = (2 * column + 1) * depth.size.width / (2 * Self.columns)
        let value = depth.start[y * depth.size.width + x]
        guard value > 0, value < farthest else { continue }
        shares[Self.place(logDepth: logf(value))] += 1
        total += 1
      }
    }
    guard total > 0 else { return }
    for index in 0..<Self.count { shares[index] /= total }
  }

  /// The class of a depth.
  static func place(logDepth: Float) -> Int {
    max(0, min(count - 1, Int(((logDepth - lowest) / step).rounded(.down))))
  }

  /// The shares when only some classes have patches to speak for them: the nearest ones speak for the others too.
  func spoken(by speakers: InlineArray<20, Int>, fewest: Int) -> InlineArray<20, Float> {
    var spoken = InlineArray<20, Float>(repeating: 0)
    for index in 0..<Self.count where shares[index] > 0 {
      for distance in 0..<Self.count {
        let below = index - distance
        let above = index + distance
        let hasBelow = below >= 0 && speakers[below] >= fewest
        let hasAbove = distance > 0 && above < Self.count && speakers[above] >= fewest
        guard hasBelow || hasAbove else { continue }
        let part = hasBelow && hasAbove ? 0.5 * shares[index] : shares[index]
        if hasBelow { spoken[below] += part }
        if hasAbove { spoken[above] += part }
        break
      }
    }
    return spoken
  }
}
