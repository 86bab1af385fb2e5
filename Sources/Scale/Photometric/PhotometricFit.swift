import Geometry
import Glibc
import Quantities

/// One comparison of two frames: from a wide search to the scale that the patches agree on.
struct PhotometricFit: ~Copyable {
  struct Outcome {
    var logScale: Float
    /// Of `logScale`, as far as images go.
    var variance: Double
    /// Matches that support the scale, and all.
    var supportCount: Int
    var foundCount: Int
    /// Share of the image that supports the scale.
    var agreement: Double
    /// Median of how far the supporting matches moved with the translation, pixels of the finest image.
    var parallax: Float
    /// Turn of the camera beyond the odometry's, radians about its axes.
    var turn: SIMD3<Float>
    /// Of the direction of travel beyond the odometry's: the angle, and to the right and down, radians.
    var directionChange: Float
    var change: SIMD2<Float>
  }

  /// Pixels beyond it have no voice. Most of them are sky, which a network puts somewhere beyond 40 m, and whose voice
  /// would go to the roofs and trees below it.
  private static let farthestMeters: Float = 40
  /// A second start of the search is worth its time when it lies so far from the first.
  private static let distinctStarts: Float = 0.2

  /// How far the second start of a patch lies from the first, as a share of its way.
  private static let secondStart: Float = 0.15

  /// Share of the textured pixels that should move and do not; nil when too few should.
  private(set) var staticShare: Float?
  /// Matches of the last comparison.
  private(set) var matchCount = 0
  /// What the last comparison took, counted.
  private(set) var nominalNanoseconds = 0.0
  private let camera: GridCamera
  /// Places of the newer frame, and where the last comparison found them.
  private(set) var points: [PatchPoint] = []
  private var tracker: PatchTracker
  private var search: ScaleSearch
  private var votes: ScaleVotes
  private var blocks: BlockMatcher
  private let blockCount: Int

  /// - Parameter intrinsics: of the finest level.
  init(intrinsics: CameraIntrinsics) {
    camera = GridCamera(intrinsics)
    tracker = PatchTracker(camera: camera)
    let coarse = ImageSize(width: intrinsics.size.width / 4, height: intrinsics.size.height / 4)
    search = ScaleSearch(camera: GridCamera(intrinsics.scaled(to: coarse)))
    points.reserveCapacity(PointSelection.capacity)
    let half = ImageSize(width: intrinsics.size.width / 2, height: intrinsics.size.height / 2)
    blocks = BlockMatcher(camera: GridCamera(intrinsics.scaled(to: half)))
    blockCount = (half.width / BlockMatcher.side) * (half.height / BlockMatcher.side)
    votes = ScaleVotes(capacity: PointSelection.capacity + blockCount)
  }

  /// - Parameters:
  ///   - odometry: maps points of the newer frame to the older one's axes, metres.
  ///   - prior: how far that may be off.
  ///   - initial: log scale in the middle of the search.
  ///   - expected: log scale that recent frames had.
  ///   - searches: whether to look for the scale widely, rather than near `expected` alone, and for what stands.
  /// - Returns: nil when the images do not determine a scale.
  mutating func run(
    newer: LumaLevels, older: LumaLevels, depth: NetworkDepth, odometry: ViewMotion, prior: MotionPrior,
    initial: Float, expected: Float, searches: Bool
  ) -> Outcome? {
    matchCount = 0
    staticShare = nil
    nominalNanoseconds = 0
    var start = expected
    if searches {
      nominalNanoseconds += LookPrice.searchedPixel * Double(camera.size.pixelCount / 16)
      let coarse = search.run(
        target: newer.coarse, source: older.coarse, depth: depth, motion: odometry, around: initial,
        expected: expected)
      guard let coarse else { return nil }
      staticShare = coarse.staticShare
      start = coarse.logScale
    }
    PointSelection.run(newer.middle, depth: depth, into: &points)
    let found = settle(newer, older, depth, odometry, prior, start: start)
    guard abs(start - expected) > Self.distinctStarts else { return found }
    // Repeating texture can mislead the search: what recent frames said is tried too, and matches decide.
    let other = settle(newer, older, depth, odometry, prior, start: expected)
    return (other?.supportCount ?? 0) > (found?.supportCount ?? 0) ? other : found
  }

  /// Finds the patches from a first scale, corrects motion and scale, finds them again and lets them vote.
  private mutating func settle(
    _ newer: LumaLevels, _ older: LumaLevels, _ depth: NetworkDepth, _ odometry: ViewMotion,
    _ prior: MotionPrior, start: Float
  ) -> Outcome? {
    nominalNanoseconds += LookPrice.patch * Double(points.count) + LookPrice.block * Double(blockCount)
    var motion = odometry
    var logScale = start
    var variance = 0.0
    var turn = SIMD3<Float>.zero
    var directionChange: Float = 0
    var change = SIMD2<Float>.zero
    for round in 0..<2 {
      // A larger scale is a shorter way: away from the first start, not back to it.
      let away = logScale < start ? Self.secondStart : -Self.secondStart
      let inverseScale = expf(-logScale)
      for index in points.indices where round == 0 || points[index].isFound {
        tracker.track(
          &points[index], from: newer, to: older, motion: motion, inverseScale: inverseScale,
          pass: round == 0 ? .first : .again(away))
      }
      guard
        let refined = MotionRefinement(
          points, camera: camera, odometry: odometry, prior: prior, logScale: logScale)
      else { return nil }
      motion = refined.motion
      logScale = refined.logScale
      variance = refined.variance
      turn = refined.turn
      directionChange = refined.directionChange
      change = refined.change
    }
    votes.removeAll()
    votes.add(points, camera: camera, motion: motion, around: logScale)
    askBlocks(newer.middle, older.middle, depth, motion, around: logScale)
    let farthest = Self.farthestMeters * expf(-logScale)
    guard votes.count(size: camera.size, depth: depth, farthest: farthest) else { return nil }
    matchCount = max(matchCount, votes.foundCount)
    return Outcome(
      logScale: votes.logScale, variance: max(votes.variance, variance), supportCount: votes.supportCount,
      foundCount: votes.foundCount, agreement: votes.agreement, parallax: votes.parallax, turn: turn,
      directionChange: directionChange, change: change)
  }

  /// Adds what the blocks of the image say.
  private mutating func askBlocks(
    _ newer: LumaImage, _ older: LumaImage, _ depth: NetworkDepth, _ motion: ViewMotion,
    around logScale: Float
  ) {
    let side = BlockMatcher.side
    for row in 0..<(newer.height / side) {
      for column in 0..<(newer.width / side) {
        let vote = blocks.vote(
          SIMD2(column, row) &* side, newer: newer, older: older, depth: depth, motion: motion,
          around: logScale)
        if let vote { votes.add(vote) }
      }
    }
  }
}
