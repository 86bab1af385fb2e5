/// What a look must offer before it is made, and what it must show before it is believed.
///
/// - Source: methods notes 2.5, measured anew on simulated and recorded drives where a figure stands for itself.
struct PhotometricLimits {
  /// Shortest baseline of a pair, metres.
  let shortestBaseline = 0.05
  /// Wanted baseline as a share of the scene's median depth: parallax grows with it, overlap shrinks.
  let baselineShare = 0.05
  /// A camera that moved less since the last stored frame stands, metres.
  let shortestStep = 0.01
  let longestAgeNanoseconds: Int64 = 1_000_000_000
  let largestYawRate = 1.0
  let fewestMatches = 16
  /// Share of the image, as matches speak for it, that agrees on one scale and one motion. Where a network bends what
  /// is near, little agrees and the scale is large: who refuses such looks learns the scale of the other places.
  let leastAgreement = 0.45
  let leastParallaxPixels: Float = 1
  let largestDirectionChange: Float = 0.08
  /// Share of the image that must not stand still.
  let leastMovingShare = 0.4
  let largestSigma = 0.25
  /// No look is much surer than the next: the surest stand near walls, where networks err otherwise, and a look must
  /// not count for more of the drive than its moment.
  let leastSigma = 0.05
  var leastVariance: Double { leastSigma * leastSigma }

  /// Why a look is not believed; nil when it is.
  func objection(to outcome: PhotometricFit.Outcome, staticShare: Double?, sigma: Double) -> ScaleGateReason?
  {
    if let staticShare, 1 - staticShare < leastMovingShare {
      return .photometricGain(found: 1 - staticShare, needed: leastMovingShare)
    }
    if outcome.supportCount < fewestMatches {
      return .matches(found: outcome.supportCount, needed: fewestMatches)
    }
    if outcome.agreement < leastAgreement {
      return .agreement(found: outcome.agreement, needed: leastAgreement)
    }
    if outcome.parallax < leastParallaxPixels {
      return .parallax(found: Double(outcome.parallax), needed: Double(leastParallaxPixels))
    }
    if outcome.directionChange > largestDirectionChange {
      return .direction(found: Double(outcome.directionChange), limit: Double(largestDirectionChange))
    }
    if !(sigma < largestSigma) { return .photometricSharpness(found: sigma, limit: largestSigma) }
    return nil
  }
}
