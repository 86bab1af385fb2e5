import Geometry
import Glibc
import Odometry
import Quantities

/// Measures log scale by moving the network's depth of the newest frame along the odometry's metric motion and
/// looking where it explains an earlier frame best.
///
///     earlier frame with enough baseline -> coarse search over scale -> patches found in the earlier frame
///     -> motion corrected by them -> found again -> weighted median of what each patch says
struct PhotometricObserver: ~Copyable {
  private static let limits = PhotometricLimits()

  /// Share of the image that stands still although it should move, and the camera's turn as images show it
  /// (rad/s to the left), of the last frame; nil when it was not looked at.
  private(set) var staticShare: Double?
  private(set) var imageYawRate: Double?
  /// What the last call took, counted.
  private(set) var nominalNanoseconds = 0.0
  /// Age and motion of the frame that the newest one was compared with last; nil when it was not.
  private var compared: (age: Int, motion: CameraMotion)?
  private var fit: PhotometricFit
  private var ring: ViewRing
  private let size: ImageSize
  private let step: Int
  private let intervalNanoseconds: Int64
  private let initialLogScale: Float
  /// What recent looks found; chooses the baseline and a second start of the search.
  private var expected: ExpectedScale
  private var direction = TravelDirection()
  private var lastLook: MonotonicTime?
  /// Looks in a row that were believed. After a few the wide search, half the cost, is made now and then only.
  private var steadyLooks = 0
  private static let steadyAfter = 4
  private static let searchEvery = 4

  init(intrinsics: CameraIntrinsics, initialLogScale: Double, intervalSeconds: Double) {
    size = intrinsics.size
    step = intrinsics.size.width > 480 ? 2 : 1
    let fine = ImageSize(width: size.width / step, height: size.height / step)
    fit = PhotometricFit(intrinsics: intrinsics.scaled(to: fine))
    ring = ViewRing(size: fine)
    self.initialLogScale = Float(initialLogScale)
    expected = ExpectedScale(initial: Float(initialLogScale))
    intervalNanoseconds = Int64(intervalSeconds * 1e9)
  }

  mutating func forget() {
    ring.removeAll()
    lastLook = nil
    steadyLooks = 0
    expected = ExpectedScale(initial: initialLogScale)
    direction = TravelDirection()
  }

  /// Nil when there was no reason to look.
  /// - Parameter mayLook: false to keep the frame for later only, which costs little.
  mutating func observe(
    _ frame: ScaleObserver.Frame, mayLook: Bool, motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> ScaleObservation? {
    staticShare = nil
    imageYawRate = nil
    compared = nil
    nominalNanoseconds = 0
    guard ring.count > 0, frame.time - ring.time(0) <= Self.limits.longestAgeNanoseconds,
      frame.time > ring.time(0)
    else {
      ring.removeAll()
      store(frame)
      return nil
    }
    let isDue = mayLook && (lastLook.map { frame.time - $0 >= intervalNanoseconds } ?? true)
    guard let recent = motion(ring.time(0), frame.time) else {
      guard isDue else { return nil }
      lastLook = frame.time
      return rejected(.noOdometry, at: frame.time)
    }
    guard recent.chordMeters >= Self.limits.shortestStep else { return nil }
    let depth = NetworkDepth(start: frame.depth, size: size, step: step)
    let wanted = max(Self.limits.shortestBaseline, Self.limits.baselineShare * medianDepth(depth))
    guard isDue || recent.chordMeters >= wanted / 4 else { return nil }
    store(frame)
    guard isDue else { return nil }
    return look(at: depth, time: frame.time, wantedBaseline: wanted, motion)
  }

  /// The frames compared in the last call, with what was matched between them; nil when none were. Valid until the
  /// next call.
  func pair(_ frame: ScaleObserver.Frame) -> ViewPair? {
    guard let compared else { return nil }
    return ViewPair(
      newer: ring.view(0), older: ring.view(compared.age),
      depth: NetworkDepth(start: frame.depth, size: size, step: step), matches: fit.points,
      motion: compared.motion, seconds: Double(frame.time - ring.time(compared.age)) * 1e-9,
      metresPerUnit: expf(expected.logScale))
  }

  /// Of the finest level of what is compared.
  static func viewIntrinsics(_ intrinsics: CameraIntrinsics) -> CameraIntrinsics {
    let step = intrinsics.size.width > 480 ? 2 : 1
    return intrinsics.scaled(
      to: ImageSize(width: intrinsics.size.width / step, height: intrinsics.size.height / step))
  }

  private mutating func store(_ frame: ScaleObserver.Frame) {
    let (size, step) = (size, step)
    nominalNanoseconds += LookPrice.keptPixel * Double(size.pixelCount / (step * step))
    ring.store(time: frame.time) { $0.fill(planes: frame.image, size: size, step: step) }
  }

  /// Compares the newest frame with the newest one that is far enough behind.
  private mutating func look(
    at depth: NetworkDepth, time: MonotonicTime, wantedBaseline: Double,
    _ motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> ScaleObservation? {
    var chosen: (age: Int, motion: CameraMotion)?
    for age in 1..<max(1, ring.count) {
      guard time - ring.time(age) <= Self.limits.longestAgeNanoseconds,
        let candidate = motion(ring.time(age), time)
      else { break }
      chosen = (age, candidate)
      if candidate.chordMeters >= wantedBaseline { break }
    }
    guard let chosen, chosen.motion.chordMeters >= Self.limits.shortestBaseline else { return nil }
    lastLook = time
    let seconds = Double(time - ring.time(chosen.age)) * 1e-9
    let yawRate = chosen.motion.turnRadians / seconds
    if abs(yawRate) > Self.limits.largestYawRate {
      return rejected(.yawRate(found: abs(yawRate), limit: Self.limits.largestYawRate), at: time)
    }
    let outcome = fit.run(
      newer: ring.view(0), older: ring.view(chosen.age), depth: depth,
      odometry: ViewMotion(chosen.motion.startFromEnd), prior: direction.prior(for: chosen.motion),
      initial: initialLogScale, expected: expected.logScale,
      searches: steadyLooks < Self.steadyAfter || steadyLooks % Self.searchEvery == 0)
    nominalNanoseconds += fit.nominalNanoseconds
    compared = chosen
    staticShare = fit.staticShare.map(Double.init)
    guard let outcome else {
      steadyLooks = 0
      return rejected(.matches(found: fit.matchCount, needed: Self.limits.fewestMatches), at: time)
    }
    var observation = ScaleObservation(
      source: .photometric, time: time, logScale: Double(outcome.logScale),
      variance: max(Self.limits.leastVariance, outcome.variance + chosen.motion.relativeVariance),
      distanceMeters: chosen.motion.chordMeters, gate: .passed)
    if let reason = Self.limits.objection(to: outcome, staticShare: staticShare, sigma: observation.sigma) {
      observation.gate = .rejected(reason)
      // One lorry that passes is no reason to search widely; a row of looks without agreement is.
      steadyLooks = max(0, steadyLooks - 1)
    } else {
      steadyLooks += 1
      direction.add(outcome.change)
      expected.hear(outcome.logScale)
      imageYawRate = yawRate - Double(outcome.turn.y) / seconds
    }
    return observation
  }

  private func rejected(_ reason: ScaleGateReason, at time: MonotonicTime) -> ScaleObservation {
    ScaleObservation(
      source: .photometric, time: time, logScale: .nan, variance: .infinity, distanceMeters: 0,
      gate: .rejected(reason))
  }

  /// Metres, as far as the expected scale is right.
  private func medianDepth(_ depth: NetworkDepth) -> Double {
    let middle = depth.medianInverse
    return middle > 0 ? exp(Double(expected.logScale)) / Double(middle) : Self.limits.shortestBaseline
  }
}

extension CameraMotion {
  /// Variance of ln(chord).
  fileprivate var relativeVariance: Double { chordVariance / max(1e-9, chordMeters * chordMeters) }
}

extension ScaleObservation {
  fileprivate var sigma: Double { variance.squareRoot() }
}

extension ViewMotion {
  /// - Parameter sourceFromTarget: in metres.
  init(_ sourceFromTarget: RigidTransform) {
    func single(_ v: SIMD3<Double>) -> SIMD3<Float> { SIMD3(Float(v.x), Float(v.y), Float(v.z)) }
    let columns = (
      single(sourceFromTarget.rotate(SIMD3(1, 0, 0))), single(sourceFromTarget.rotate(SIMD3(0, 1, 0))),
      single(sourceFromTarget.rotate(SIMD3(0, 0, 1)))
    )
    row0 = SIMD3(columns.0.x, columns.1.x, columns.2.x)
    row1 = SIMD3(columns.0.y, columns.1.y, columns.2.y)
    row2 = SIMD3(columns.0.z, columns.1.z, columns.2.z)
    translation = single(sourceFromTarget.translation)
  }
}
