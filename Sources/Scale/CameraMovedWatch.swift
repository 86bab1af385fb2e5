import Glibc
public import Geometry
public import Quantities

/// Notices that the camera no longer sits as it was mounted: under the moving camera the ground moves as if it were
/// tilted, nearer or farther than the calibration says, for long.
///
/// A ramp or a load passes; what stays for `seconds` of driving is the mount.
public struct CameraMovedWatch: Equatable, Sendable {
  public struct Verdict: Equatable, Sendable {
    /// Seen minus configured: radians, positive looks further down; metres, positive sits higher.
    public var pitchChangeRadians: Double
    public var heightChangeMeters: Double
    /// Relative error of depth that is read off the ground at 2, 5 and 10 metres with the old mount.
    public var depthErrors: [DepthError]
  }

  public struct DepthError: Equatable, Sendable {
    public var distanceMeters: Double
    /// Positive: the old mount puts things too far away. Infinite: it sees no ground there at all.
    public var share: Double
  }

  private let mount: CameraMount
  public var settings: ScaleSettings.Moved
  private var pitchChange = 0.0
  private var heightShare = 0.0
  private var looks = 0
  private var differsSeconds = 0.0
  private var last: MonotonicTime?

  /// A pause longer than this is not driving, seconds.
  private static let longestPause = 2.0
  private static let memorySeconds = 10.0

  public init(mount: CameraMount, settings: ScaleSettings.Moved) {
    self.mount = mount
    self.settings = settings
  }

  /// Takes one look at the ground, while the robot drives.
  /// - Parameter seen: the mount from which the ground moves as it does, metres (`HeightObservation`).
  public mutating func look(_ seen: CameraMount, at time: MonotonicTime) {
    let seconds = last.map { min(Self.longestPause, max(0, Double(time - $0) * 1e-9)) } ?? 0
    last = time
    looks += 1
    let share = max(1 / Double(looks), 1 - exp(-seconds / Self.memorySeconds))
    pitchChange += share * (seen.pitchRadians - mount.pitchRadians - pitchChange)
    heightShare += share * (seen.heightMeters / mount.heightMeters - 1 - heightShare)
    let differs =
      abs(pitchChange) > settings.pitchDegrees * .pi / 180 || abs(heightShare) > settings.heightShare
    differsSeconds = differs ? differsSeconds + seconds : 0
  }

  /// What seems to have happened; nil while nothing has, or not for long enough.
  public var verdict: Verdict? {
    guard differsSeconds >= settings.seconds else { return nil }
    let height = mount.heightMeters * (1 + heightShare)
    return Verdict(
      pitchChangeRadians: pitchChange, heightChangeMeters: mount.heightMeters * heightShare,
      depthErrors: [2.0, 5, 10].map { distance in
        DepthError(distanceMeters: distance, share: error(at: distance, height: height))
      })
  }

  /// The ground at a true horizontal distance appears under an angle below the axis; the old mount reads
  /// another distance off it.
  private func error(at distance: Double, height: Double) -> Double {
    let below = atan2(height, distance) - pitchChange
    guard below > 1e-3 else { return .infinity }
    return mount.heightMeters / tan(below) / distance - 1
  }
}

extension CameraMovedWatch.Verdict: CustomStringConvertible {
  /// For people.
  public var description: String {
    let degrees = pitchChangeRadians * 180 / .pi
    let errors = depthErrors.map { error in
      let share = error.share.isFinite ? "\(Int((100 * error.share).rounded())) %" : "no ground"
      return "\(Int(error.distanceMeters)) m: \(share)"
    }
    return
      "the ground looks as if the camera had turned by \((degrees * 10).rounded() / 10) deg (down positive) "
      + "and moved by \((heightChangeMeters * 100).rounded() / 100) m (up positive); with the old mount "
      + "distances on the ground are wrong: \(errors.joined(separator: ", "))"
  }
}
