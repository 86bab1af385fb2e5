import Geometry
import Glibc
public import Odometry
public import Quantities

/// Log scale from the distance that a pose network sees between two frames: ln(distance by odometry / distance seen).
///
/// Of the kept frames the newest is taken that is as far behind as the network was trained for; a slow robot uses an
/// older one. The pair is looked at both ways, and the geometric mean of the two distances counts. It measures the
/// pose network's scale, which in a new place need not be the depth network's: `sharedVariance` says by how much.
/// Allocates nothing after `init`. One thread.
/// - Source: methods notes 2.4.
public struct PoseObserver {
  private static let longestAgeSeconds = 1.0
  /// Below this the camera stands, metres.
  private static let shortestStep = 0.01
  /// Between kept frames, as a share of the shortest trained distance.
  private static let spacing = 0.25

  private let source: any PairMotionSource
  private let training: PairMotionTraining
  /// Trained distances, metres by the model's own scale.
  private let distance: ClosedRange<Double>
  private let limits: PoseLimits
  private let intervalNanoseconds: Int64
  /// Where the frame that is looked at lies; the slots before it are a ring of earlier ones.
  private let presentSlot: Int
  private var times: [MonotonicTime]
  private var count = 0
  private var next = 0
  private var lastLook: MonotonicTime?
  /// What the last call took, counted.
  private(set) var nominalNanoseconds = 0.0

  /// - Parameter initialLogScale: ln(metres per network unit) the model was made with.
  public init(
    source: any PairMotionSource, training: PairMotionTraining, initialLogScale: Double,
    intervalSeconds: Double, limits: PoseLimits = PoseLimits()
  ) {
    self.source = source
    self.training = training
    self.limits = limits
    let scale = exp(initialLogScale)
    distance = scale * training.distance.lowerBound...scale * training.distance.upperBound
    intervalNanoseconds = Int64(intervalSeconds * 1e9)
    presentSlot = source.slotCount - 1
    times = Array(repeating: MonotonicTime(nanoseconds: 0), count: presentSlot)
  }

  /// Forgets earlier frames: the camera, its mount or the clock changed.
  public mutating func forget() {
    count = 0
    lastLook = nil
  }

  /// Looks at one frame; nil when there was no reason to.
  /// - Parameter mayLook: false to keep the frame for later only.
  public mutating func observe(
    _ frame: ScaleObserver.Frame, mayLook: Bool = true,
    motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> ScaleObservation? {
    nominalNanoseconds = 0
    guard count > 0, frame.time > time(0), seconds(since: time(0), at: frame.time) <= Self.longestAgeSeconds
    else {
      count = 0
      store(frame)
      return nil
    }
    let isDue = mayLook && (lastLook.map { frame.time - $0 >= intervalNanoseconds } ?? true)
    guard let recent = motion(time(0), frame.time) else {
      guard isDue else { return nil }
      return rejected(.noOdometry, at: frame.time)
    }
    guard recent.chordMeters >= Self.shortestStep else { return nil }
    let isApart = recent.chordMeters >= Self.spacing * distance.lowerBound
    guard isDue || isApart else { return nil }
    let observation = isDue ? look(at: frame, motion) : nil
    if isApart { store(frame) }
    return observation
  }

  private mutating func look(
    at frame: ScaleObserver.Frame, _ motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> ScaleObservation? {
    let now = frame.time
    guard let (age, moved) = pair(at: now, motion) else { return nil }
    let span = seconds(since: time(age), at: now)
    let objection = limits.objection(
      to: moved, seconds: span, distance: distance, training: training,
      longestSeconds: Self.longestAgeSeconds)
    if let objection {
      // A pair that is still too short may be long enough a moment later.
      if case .speed = objection, span < 0.8 * Self.longestAgeSeconds { return nil }
      return rejected(objection, at: now)
    }
    lastLook = now
    source.keep(frame.image, inSlot: presentSlot)
    let forward = source.motion(fromSlot: slot(age), toSlot: presentSlot)
    let backward = source.motion(fromSlot: presentSlot, toSlot: slot(age))
    nominalNanoseconds = 2 * source.nominalNanoseconds
    let seen = (forward.translation.length * backward.translation.length).squareRoot()
    let chord = moved.chordMeters
    var observation = ScaleObservation(
      source: .pose, time: now, logScale: log(chord / seen),
      variance: training.pairSigma * training.pairSigma + moved.chordVariance / (chord * chord),
      distanceMeters: chord, gate: .passed)
    observation.sharedVariance = training.placeSigma * training.placeSigma
    if let reason = limits.objection(to: forward, backward, odometry: moved) {
      observation.gate = .rejected(reason)
    }
    return observation
  }

  /// The newest kept frame that is far enough behind, or the farthest there is.
  private func pair(
    at now: MonotonicTime, _ motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> (age: Int, motion: CameraMotion)? {
    var found: (age: Int, motion: CameraMotion)?
    for age in 0..<count {
      guard seconds(since: time(age), at: now) <= Self.longestAgeSeconds, let moved = motion(time(age), now)
      else { break }
      found = (age, moved)
      if moved.chordMeters >= distance.lowerBound { break }
    }
    return found
  }

  private mutating func rejected(_ reason: ScaleGateReason, at time: MonotonicTime) -> ScaleObservation {
    lastLook = time
    return ScaleObservation(
      source: .pose, time: time, logScale: .nan, variance: .infinity, distanceMeters: 0,
      gate: .rejected(reason))
  }

  // MARK: the ring of kept frames, 0 = newest

  private mutating func store(_ frame: ScaleObserver.Frame) {
    source.keep(frame.image, inSlot: next)
    times[next] = frame.time
    next = (next + 1) % times.count
    count = min(count + 1, times.count)
  }

  private func slot(_ age: Int) -> Int { (next - 1 - age + 2 * times.count) % times.count }
  private func time(_ age: Int) -> MonotonicTime { times[slot(age)] }
  private func seconds(since start: MonotonicTime, at end: MonotonicTime) -> Double {
    Double(end - start) * 1e-9
  }
}
