import Glibc
public import Quantities

/// How far the camera turned between two frames, as seen in its images.
public struct VisualTurn: Equatable, Sendable {
  public var start: MonotonicTime
  public var end: MonotonicTime
  /// About the vertical, to the left.
  public var radians: Double

  public init(start: MonotonicTime, end: MonotonicTime, radians: Double) {
    self.start = start
    self.end = end
    self.radians = radians
  }
}

/// Finds by how much the clocks of odometry and camera differ, from how the robot turned by the one and by the other.
///
/// Both series are compared at many offsets; the one at which they correlate best wins, refined by robust least
/// squares. Turns of odometry are taken over the very intervals of the images, so that slow frames cost no accuracy.
/// Adding does not allocate; estimating does, and takes some milliseconds: not on the frame's path.
/// - Source: temporal calibration by correlating angular rates, as in Kelly and Sukhatme 2014 and Kalibr's first guess.
public struct TimeOffsetEstimator: Sendable {
  public struct Settings: Equatable, Sendable {
    /// Offsets from minus this to this are tried.
    public var largestOffsetSeconds = 0.25
    public var stepSeconds = 0.005
    /// Of the images, and of the newest that many seconds of odometry.
    public var turnCapacity = 600
    public var odometryCapacity = 4096
    /// Fewer say nothing.
    public var fewestTurns = 30
    /// Least standard deviation of the robot's yaw rate, rad/s: who drives straight ahead learns nothing.
    public var leastExcitation = 0.05
    public var leastCorrelation = 0.6
    /// Another peak this close to the best one makes the answer ambiguous.
    public var clearance = 0.05
    public var largestSigmaSeconds = 0.02

    public init() {}
  }

  /// A found offset.
  public struct Offset: Equatable, Sendable {
    /// To add to odometry's stamps: positive when they are early.
    public var seconds: Double
    public var sigmaSeconds: Double
    /// Of the two series at the offset, at most 1.
    public var correlation: Double
    /// Visual turns for one turn of odometry: near 1 when both measure well.
    public var gain: Double
    public var turnCount: Int
  }

  /// Why there is no offset.
  public enum Refusal: Error, Equatable, CustomStringConvertible {
    case tooFewTurns(Int, needed: Int)
    case tooLittleTurning(radiansPerSecond: Double, needed: Double)
    case uncorrelated(Double, needed: Double)
    case oppositeSigns
    case atTheEdge(seconds: Double)
    case ambiguous(seconds: Double, orSeconds: Double)
    case tooUncertain(sigmaSeconds: Double, limit: Double)

    public var description: String {
      switch self {
      case .tooFewTurns(let count, let needed): "\(count) turns between images, needs \(needed)"
      case .tooLittleTurning(let rate, let needed):
        "yaw rate varies by \(thousandths(rate)) rad/s, needs \(needed): drive some bends"
      case .uncorrelated(let correlation, let needed):
        "odometry and images turn differently: correlation \(thousandths(correlation)), needs \(needed)"
      case .oppositeSigns: "odometry turns left where images turn right: the sign of the yaw rate is wrong"
      case .atTheEdge(let seconds):
        "the best offset, \(thousandths(seconds)) s, is the largest that was tried"
      case .ambiguous(let seconds, let other):
        "offsets of \(thousandths(seconds)) and \(thousandths(other)) s fit alike: the robot weaves regularly"
      case .tooUncertain(let sigma, let limit):
        "the offset is known to \(thousandths(sigma)) s only, needs \(limit)"
      }
    }

    private func thousandths(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
  }

  public let settings: Settings
  private var odometry: OdometryTrack
  private var turns: [VisualTurn] = []
  private var oldestTurn = 0

  public init(_ settings: Settings = Settings()) {
    self.settings = settings
    // A pause in odometry ends no series: what lies in it is left out below.
    odometry = OdometryTrack(capacity: settings.odometryCapacity, largestGapNanoseconds: 500_000_000)
    turns.reserveCapacity(settings.turnCapacity)
  }

  /// Takes in what odometry says, with its stamp as it came.
  public mutating func add(_ sample: OdometrySample) {
    if odometry.add(sample) == .restarted { removeTurns() }
  }

  /// Takes in what two images say.
  public mutating func add(_ turn: VisualTurn) {
    guard turn.end > turn.start, turn.radians.isFinite else { return }
    guard turns.count == settings.turnCapacity else { return turns.append(turn) }
    turns[oldestTurn] = turn
    oldestTurn = (oldestTurn + 1) % turns.count
  }

  /// Forgets all, as after a change of the clocks, the camera or the source of odometry.
  public mutating func reset() {
    odometry.removeAll()
    removeTurns()
  }

  private mutating func removeTurns() {
    turns.removeAll(keepingCapacity: true)
    oldestTurn = 0
  }

  /// Compares the two series.
  /// - Throws: why the data do not tell.
  public func estimate() throws(Refusal) -> Offset {
    let heading = HeadingCurve(odometry)
    let margin = Int64((settings.largestOffsetSeconds + settings.stepSeconds) * 1e9)
    let covered = turns.filter { heading.covers($0.start + -margin, $0.end + margin) }
    guard covered.count >= settings.fewestTurns else {
      throw .tooFewTurns(covered.count, needed: settings.fewestTurns)
    }
    let comparison = TurnComparison(covered, heading)
    guard comparison.excitation >= settings.leastExcitation else {
      throw .tooLittleTurning(radiansPerSecond: comparison.excitation, needed: settings.leastExcitation)
    }
    let count = Int((settings.largestOffsetSeconds / settings.stepSeconds).rounded())
    let offsets = (-count...count).map { Double($0) * settings.stepSeconds }
    let correlations = offsets.map { comparison.fit(offset: $0).correlation }
    let best = try peak(of: correlations, offsets)
    let refined = comparison.refined(from: offsets[best], step: settings.stepSeconds)
    let sigma = refined.sigmaSeconds
    guard sigma <= settings.largestSigmaSeconds else {
      throw .tooUncertain(sigmaSeconds: sigma, limit: settings.largestSigmaSeconds)
    }
    return Offset(
      seconds: refined.offset, sigmaSeconds: sigma,
      correlation: comparison.fit(offset: refined.offset).correlation, gain: refined.gain,
      turnCount: covered.count)
  }

  /// The index of the one clear peak.
  private func peak(of correlations: [Double], _ offsets: [Double]) throws(Refusal) -> Int {
    let best = correlations.indices.max { correlations[$0] < correlations[$1] } ?? 0
    guard correlations[best] >= settings.leastCorrelation else {
      let isMirrored = (correlations.min() ?? 0) < -max(settings.leastCorrelation, correlations[best])
      if isMirrored { throw .oppositeSigns }
      throw .uncorrelated(correlations[best], needed: settings.leastCorrelation)
    }
    guard best > 0, best < correlations.count - 1 else { throw .atTheEdge(seconds: offsets[best]) }
    for index in 1..<(correlations.count - 1) where index != best {
      let isPeak =
        correlations[index] >= correlations[index - 1] && correlations[index] >= correlations[index + 1]
      let isApart = abs(index - best) > 3
      if isPeak, isApart, correlations[index] > correlations[best] - settings.clearance {
        throw .ambiguous(seconds: offsets[best], orSeconds: offsets[index])
      }
    }
    return best
  }
}
