import Glibc
import Quantities

/// Every matched patch says at which log scale the network's depth puts it where it was found; the weighted
/// median of the votes is the frame's log scale.
///
/// Much of the weight may belong to things that move by themselves or to wrong matches. In the median a patch
/// without parallax may say "infinitely far" without harm, so none is left out for what it says.
struct ScaleVotes {
  /// Neighbouring patches share the network's error: so many count as one.
  private static let groupSize = 6.0
  /// Stands for "infinitely far".
  private static let largestVote: Float = 5
  /// A vote supports the result within this distance of it.
  private static let supportReach: Float = 0.3
  /// The last median is taken over votes as near as this, or one and a half spreads.
  private static let leastReach: Float = 0.7
  /// Largest squared distance of a match from its epipolar line, in standard deviations.
  private static let largestDeviation: Float = 9

  /// A match says nothing along a straight edge. Where the way lies so nearly along one that less than this share
  /// of the match's information is left, what remains is noise, and it says what was expected.
  private static let leastAlongWay: Float = 0.1
  private var votes: [ScaleVote] = []
  private(set) var logScale: Float = 0
  private(set) var variance = 0.0
  private(set) var foundCount = 0
  private(set) var supportCount = 0
  /// Share of the image, as the votes speak for it, that supports the result.
  private(set) var agreement = 0.0
  /// Median of how far the supporting points move with the translation, pixels.
  private(set) var parallax: Float = 0

  init(capacity: Int) { votes.reserveCapacity(capacity) }

  mutating func removeAll() {
    votes.removeAll(keepingCapacity: true)
    foundCount = 0
    supportCount = 0
  }

  /// Adds what the matched patches say.
  /// - Parameter guess: log scale at which parallax is judged: weights must not depend on what a point says.
  mutating func add(
    _ points: [PatchPoint], camera: GridCamera, motion: ViewMotion, around guess: Float
  ) {
    let inverseScale = expf(-guess)
    for point in points where point.isFound {
      foundCount += 1
      if let vote = vote(of: point, camera, motion, inverseScale: inverseScale) { votes.append(vote) }
    }
  }

  mutating func add(_ vote: ScaleVote) {
    foundCount += 1
    votes.append(vote)
  }

  /// Counts the votes; false when there are fewer than eight.
  /// - Parameters:
  ///   - size: of the finest level.
  ///   - farthest: pixels beyond it are not spoken for, network units.
  mutating func count(size: ImageSize, depth: NetworkDepth, farthest: Float) -> Bool {
    guard votes.count >= 8 else { return false }
    votes.withUnsafeMutableBufferPointer {
      VoteShares.fill($0, size: size, depth: depth, farthest: farthest)
    }
    votes.withUnsafeBufferPointer { settle($0) }
    return true
  }

  /// Nil for a match off its epipolar line, or without any parallax.
  private func vote(
    of point: PatchPoint, _ camera: GridCamera, _ motion: ViewMotion, inverseScale: Float
  ) -> ScaleVote? {
    let turned = motion.rotate(camera.ray(point.place))
    let away = point.inverseDepth * motion.translation
    let seen = (point.found - camera.centre) / camera.focal
    // (turned + a away) projects onto `seen`, a being one over the scale: two equations, in pixels.
    let slope = SIMD2(seen.x * away.z - away.x, seen.y * away.z - away.y) * camera.focal
    let value = SIMD2(turned.x - seen.x * turned.z, turned.y - seen.y * turned.z) * camera.focal
    let square = point.distance(slope, slope)
    guard square > 1e-12 else { return nil }
    let a = point.distance(slope, value) / square
    let rest = value - a * slope
    guard point.distance(rest, rest) < Self.largestDeviation else { return nil }
    let share = square / ((slope * slope).sum() * point.sharpness)
    guard share >= Self.leastAlongWay else { return nil }
    let matchVariance = 1 / (inverseScale * inverseScale * square)
    guard matchVariance < 1 else { return nil }
    let said = a > 0 ? -logf(a) : Self.largestVote
    return ScaleVote(
      place: point.place, logDepth: -logf(max(1e-6, point.inverseDepth)),
      logScale: max(-Self.largestVote, min(Self.largestVote, said)), variance: matchVariance,
      parallax: inverseScale * (slope * slope).sum().squareRoot())
  }

  /// The median again, without the votes of what moves along that are not far enough off to be left out.
  private func withoutMovers(_ votes: UnsafeBufferPointer<ScaleVote>, around centre: Float) -> Float {
    var (far, near, plausible) = (Float(0), Float(0), Float(0))
    for vote in votes {
      let offset = vote.logScale - centre
      if offset > Self.leastReach {
        far += vote.share
      } else if offset < -Self.leastReach {
        near += vote.share
      } else {
        plausible += vote.share
      }
    }
    let quantile = HiddenMovers.quantile(far: far, near: near, plausible: plausible)
    guard quantile < 0.5 else { return centre }
    return RobustMedian.of(
      votes, below: quantile, weight: { abs($0.logScale - centre) <= Self.leastReach ? $0.share : 0 }
    ) { $0.logScale }
  }

  /// Median of the votes, then of those near it: what moves with the camera errs to one side only.
  private mutating func settle(_ votes: UnsafeBufferPointer<ScaleVote>) {
    var reach = Float.infinity
    var centre: Float = 0
    var spread: Float = 0
    for _ in 0..<4 {
      let (within, of) = (reach, centre)
      func weight(_ vote: ScaleVote) -> Float { abs(vote.logScale - of) <= within ? vote.share : 0 }
      let median = RobustMedian.of(votes, weight: weight) { $0.logScale }
      spread = 1.4826 * RobustMedian.of(votes, weight: weight) { abs($0.logScale - median) }
      centre = median
      reach = max(Self.leastReach, 1.5 * spread)
    }
    centre = withoutMovers(votes, around: centre)
    logScale = centre
    var sum = 0.0
    var all = 0.0
    var near = 0.0
    var squares = 0.0
    for vote in votes {
      all += Double(vote.share)
      if abs(vote.logScale - centre) <= Self.supportReach { near += Double(vote.share) }
      guard abs(vote.logScale - centre) <= reach else { continue }
      sum += Double(vote.share)
      squares += Double(vote.share * vote.share)
      if abs(vote.logScale - centre) <= Self.supportReach { supportCount += 1 }
    }
    agreement = all > 0 ? near / all : 0
    parallax = RobustMedian.of(
      votes, weight: { abs($0.logScale - centre) <= Self.supportReach ? 1 : 0 }
    ) { logf(max(1e-3, $0.parallax)) }
    parallax = expf(parallax)
    let deviation = 1.253 * Double(spread)
    variance = deviation * deviation / max(1, sum * sum / max(1e-9, squares) / Self.groupSize)
  }
}
