import Geometry
import Scale

extension ScaleReplay {
  /// One look at how the camera sits, believed or not.
  package struct MountLook: Sendable {
    /// Metres, the spread of their logarithm, and radians; nil when nothing was measured.
    package var measured: (heightMeters: Double, sigma: Double, pitchRadians: Double, rollRadians: Double)?
    /// Why its own gates refused it.
    package var rejected: String?

    init(_ look: HeightObservation) {
      if look.variance.isFinite {
        measured = (
          look.mount.heightMeters, look.variance.squareRoot(), look.mount.pitchRadians, look.mount.rollRadians
        )
      }
      if case .rejected(let reason) = look.gate { rejected = "\(reason)" }
    }
  }

  /// What looks have said lately of the camera's height.
  package struct MountWord: Sendable {
    package var heightMeters: Double
    package var sigma: Double
    /// With the configured height.
    package var verdict: String

    init?(_ opinion: HeightOpinion) {
      guard let height = opinion.heightMeters else { return nil }
      heightMeters = height
      sigma = opinion.logSigma
      verdict = opinion.agreement.verdict.rawValue
    }
  }

  /// How the camera was moved.
  package struct MovedWord: Sendable {
    package var pitchRadians: Double
    package var heightMeters: Double
    /// Relative errors of depth that is read off the ground with the old mount, by metres away; infinite = no ground.
    package var depthErrors: [(meters: Double, share: Double)]

    init(_ verdict: CameraMovedWatch.Verdict) {
      pitchRadians = verdict.pitchChangeRadians
      heightMeters = verdict.heightChangeMeters
      depthErrors = verdict.depthErrors.map { ($0.distanceMeters, $0.share) }
    }
  }
}
