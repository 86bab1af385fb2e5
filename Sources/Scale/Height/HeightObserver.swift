import Geometry
import Glibc
import Odometry
import Quantities

/// Measures how high above the ground, and how pitched, the camera sits, from two images and the metric motion between
/// them.
///
/// The network only points at the ground. How far that is, the images say: a network bends the floor it sees by a
/// quarter, the ground under a moving camera moves as it must.
/// - Source: scale and ground from two views, Song and Chandraker 2014.
struct HeightObserver: ~Copyable {
  private static let shortestBaselineHeights = 0.06
  private static let largestYawRate = 1.0
  private static let fewestPatches = 12
  private static let leastAgreement = 0.8
  private static let largestSigma = 0.1
  private static let largestDirectionChange = 0.15
  /// A network bends the floor by a quarter. What images put farther from where depth does is not that floor.
  private static let largestGroundRatio = 1.6

  private let mount: CameraMount?
  private let normal: SIMD3<Float>
  private let intervalNanoseconds: Int64
  private var fit: HeightFit
  private var last: MonotonicTime?
  /// Where the next look begins, metres, and looks in a row that passed: after one the wide search is made now and
  /// then only.
  private var expected: Float
  private var steadyLooks = 0
  private static let searchEvery = 4

  /// - Parameter intrinsics: of the finest level of the views.
  init(intrinsics: CameraIntrinsics, mount: CameraMount?, intervalSeconds: Double) {
    self.mount = mount
    let down = mount?.ground.normal ?? SIMD3(0, 1, 0)
    normal = SIMD3(Float(down.x), Float(down.y), Float(down.z))
    intervalNanoseconds = Int64(intervalSeconds * 1e9)
    expected = Float(mount?.heightMeters ?? 1)
    fit = HeightFit(intrinsics: intrinsics)
  }

  /// What the last look took, counted.
  var nominalNanoseconds: Double { fit.nominalNanoseconds }

  mutating func forget() {
    last = nil
    steadyLooks = 0
  }

  /// Nil when it is not time yet, or no ground or height is known to look for.
  /// - Parameters:
  ///   - pair: two frames that were compared just now.
  ///   - ground: as it fits the network's depth, network units.
  mutating func observe(
    _ pair: borrowing ViewPair, ground: FlatSurface?, at time: MonotonicTime
  ) -> HeightObservation? {
    if let last, time - last < intervalNanoseconds { return nil }
    guard let mount, let ground else { return nil }
    last = time
    var observation = HeightObservation(
      time: time, configuredMeters: mount.heightMeters, mount: mount, variance: .infinity,
      distanceMeters: pair.motion.chordMeters, gate: .passed)
    let yawRate = abs(pair.motion.turnRadians) / pair.seconds
    let needed = Self.shortestBaselineHeights * mount.heightMeters
    if pair.motion.chordMeters < needed {
      observation.gate = .rejected(.baseline(found: pair.motion.chordMeters, needed: needed))
      return observation
    }
    if yawRate > Self.largestYawRate {
      observation.gate = .rejected(.yawRate(found: yawRate, limit: Self.largestYawRate))
      return observation
    }
    let outcome = fit.run(
      newer: pair.newer, older: pair.older, depth: pair.depth, matches: pair.matches,
      odometry: ViewMotion(pair.motion.startFromEnd), ground: ground, normal: normal,
      metresPerUnit: pair.metresPerUnit,
      expected: steadyLooks > 0 ? expected : Float(mount.heightMeters),
      searches: steadyLooks % Self.searchEvery == 0)
    guard let outcome else {
      steadyLooks = 0
      observation.gate = .rejected(.matches(found: fit.placeCount, needed: Self.fewestPatches))
      return observation
    }
    observation.mount = CameraMount(ground: outcome.surface)
    observation.variance =
      outcome.variance + pair.motion.chordVariance / (pair.motion.chordMeters * pair.motion.chordMeters)
    let ratio = outcome.surface.distanceMeters / (ground.distanceMeters * Double(pair.metresPerUnit))
    let objection =
      abs(log(ratio)) > log(Self.largestGroundRatio)
      ? .groundDistance(ratio: ratio, limit: Self.largestGroundRatio)
      : objection(to: outcome, sigma: observation.variance.squareRoot())
    if let objection {
      observation.gate = .rejected(objection)
      steadyLooks = 0
    } else {
      steadyLooks += 1
      expected = Float(outcome.surface.distanceMeters)
    }
    return observation
  }

  private func objection(to outcome: HeightFit.Outcome, sigma: Double) -> ScaleGateReason? {
    if outcome.patchCount < Self.fewestPatches {
      return .matches(found: outcome.patchCount, needed: Self.fewestPatches)
    }
    if outcome.agreement < Self.leastAgreement {
      return .agreement(found: outcome.agreement, needed: Self.leastAgreement)
    }
    if outcome.directionChange > Self.largestDirectionChange {
      return .direction(found: outcome.directionChange, limit: Self.largestDirectionChange)
    }
    if !(sigma < Self.largestSigma) {
      return .photometricSharpness(found: sigma, limit: Self.largestSigma)
    }
    return nil
  }
}

/// Two frames that were compared, and what is known of the motion between them.
struct ViewPair {
  let newer: LumaLevels
  let older: LumaLevels
  /// Of the newer frame.
  let depth: NetworkDepth
  /// Places of the newer frame found in the older one.
  let matches: [PatchPoint]
  let motion: CameraMotion
  let seconds: Double
  /// Roughly, by the images.
  let metresPerUnit: Float
}
