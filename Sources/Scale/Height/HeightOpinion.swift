import Geometry
import Glibc
public import Quantities

/// What images and odometry have been saying lately of how the camera sits, and whether its configured height agrees.
///
/// The median of the looks of the last seconds: what moves along with the camera spoils some of them, and always to
/// the same side. Where height and odometry contradict each other, one of the two gives wrong metres; which, this does
/// not know.
public struct HeightOpinion: Equatable, Sendable {
  private struct Look: Equatable, Sendable {
    var time: MonotonicTime
    var logHeight: Double
    var pitch: Double
    var roll: Double
    var variance: Double
  }

  public private(set) var passedCount: UInt64 = 0
  public private(set) var rejectedCount: UInt64 = 0
  /// The newest look, whether it passed or not.
  public private(set) var latest: HeightObservation?
  public private(set) var lastPassed: MonotonicTime?
  public private(set) var configuredMeters = Double.nan
  /// Of the looks that are heard, median; nil while there are too few.
  public private(set) var heightMeters: Double?
  /// Of the logarithm of the height.
  public private(set) var logSigma = Double.infinity
  public private(set) var pitchRadians = 0.0
  public private(set) var rollRadians = 0.0
  /// Of the configured height with the measured one.
  public private(set) var agreement = SourceAgreement()
  private var looks: [Look] = []

  private static let capacity = 24
  private static let fewest = 3
  /// An error that the looks at one place share: ground that is not flat, things that move along.
  private static let sharedSigma = 0.04
  /// Neighbouring looks meet the same ground: so many count as one.
  private static let groupSize = 2.0

  init() { looks.reserveCapacity(Self.capacity) }

  /// Takes one look in.
  mutating func hear(_ observation: HeightObservation, settings: ScaleSettings.Conflict) {
    latest = observation
    configuredMeters = observation.configuredMeters
    guard observation.gate == .passed else {
      rejectedCount += 1
      return
    }
    passedCount += 1
    lastPassed = observation.time
    if looks.count == Self.capacity { looks.removeFirst() }
    looks.append(
      Look(
        time: observation.time, logHeight: log(observation.mount.heightMeters),
        pitch: observation.mount.pitchRadians, roll: observation.mount.rollRadians,
        variance: observation.variance))
    looks.removeAll { Double(observation.time - $0.time) * 1e-9 > settings.heightMemorySeconds }
    measure()
    compare(at: observation.time, settings)
  }

  private mutating func measure() {
    guard looks.count >= Self.fewest else {
      heightMeters = nil
      return
    }
    let middle = median { $0.logHeight }
    let spread = 1.4826 * median { abs($0.logHeight - middle) }
    let own = looks.reduce(0) { $0 + $1.variance } / Double(looks.count)
    let groups = max(1, Double(looks.count) / Self.groupSize)
    heightMeters = exp(middle)
    pitchRadians = median { $0.pitch }
    rollRadians = median { $0.roll }
    logSigma =
      (Self.sharedSigma * Self.sharedSigma + 1.57 * max(spread * spread, own) / groups).squareRoot()
  }

  private mutating func compare(at time: MonotonicTime, _ settings: ScaleSettings.Conflict) {
    guard let heightMeters else { return agreement.forget() }
    var settings = settings
    settings.conflictDifference = settings.heightDifference
    settings.warnDifference = settings.heightDifference
    settings.conflictSigmas = settings.heightSigmas
    settings.conflictSeconds = settings.heightSeconds
    agreement.compare(
      difference: log(configuredMeters / heightMeters), sigma: logSigma, at: time, settings: settings)
  }

  /// Looks that are this old say nothing more.
  mutating func forgetSilence(at time: MonotonicTime, after seconds: Double) {
    guard let lastPassed, Double(time - lastPassed) * 1e-9 > seconds else { return }
    looks.removeAll(keepingCapacity: true)
    heightMeters = nil
    agreement.forget()
  }

  private func median(_ value: (Look) -> Double) -> Double {
    looks.withUnsafeBufferPointer { looks in Double(RobustMedian.of(looks) { Float(value($0)) }) }
  }
}

extension HeightOpinion {
  /// "camera height: configured 2.15 m, images and odometry say 1.66 m"; nil while they say nothing.
  public var sentence: String? {
    guard let heightMeters else { return nil }
    func text(_ meters: Double) -> String { "\((meters * 100).rounded() / 100)" }
    return
      "camera height: configured \(text(configuredMeters)) m, images and odometry say \(text(heightMeters)) m"
  }
}
