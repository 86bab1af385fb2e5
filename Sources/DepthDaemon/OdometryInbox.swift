import Geometry
import Odometry
import Quantities
import Synchronization

/// How odometry is taken in; changed by a reload without touching its source.
struct OdometryTuning: Equatable, Sendable {
  /// Added to stamps.
  var timeOffsetNanoseconds: Int64 = 0
  var largestGapNanoseconds: Int64 = 250_000_000
  var limits = OdometryLimits()
  var noise = OdometryNoiseModel()
}

/// Where odometry arrives, from whichever thread, and where perception and status read it.
final class OdometryInbox: Sendable {
  private struct State: Sendable {
    /// Ten seconds at 50 Hz.
    var track = OdometryTrack(capacity: 512, largestGapNanoseconds: 250_000_000)
    var plausibility = OdometryPlausibility()
    var tuning = OdometryTuning()
    /// Samples not yet published; the oldest gives way beyond the bound.
    var unpublished: [OdometrySample] = []
    var accepted: UInt64 = 0
    var implausible: UInt64 = 0
    var doubt: OdometryPlausibility.Doubt?
  }

  /// What became of the samples so far.
  struct Counts: Equatable, Sendable {
    var accepted: UInt64
    var gaps: UInt64
    var duplicates: UInt64
    var reordered: UInt64
    var restarts: UInt64
    var implausible: UInt64
  }

  private static let unpublishedLimit = 512
  /// A frame has become depth before the next odometry came: so long the newest sample stands for it.
  private static let heldNanoseconds: Int64 = 60_000_000
  private let state = Mutex(State())
  /// Compares odometry with what the images say of turns.
  let offsetWatch = OdometryOffsetWatch()

  init() {
    state.withLock { $0.unpublished.reserveCapacity(Self.unpublishedLimit) }
  }

  /// Changes how samples are taken in. Another offset begins a new track: old and new stamps do not belong together.
  func apply(_ tuning: OdometryTuning) {
    state.withLock { state in
      if tuning.timeOffsetNanoseconds != state.tuning.timeOffsetNanoseconds { state.track.removeAll() }
      state.tuning = tuning
      state.track.largestGapNanoseconds = tuning.largestGapNanoseconds
      state.plausibility.limits = tuning.limits
    }
  }

  /// Forgets what came from a source that is no longer used.
  func startAnew() {
    state.withLock { state in
      state.track.removeAll()
      state.plausibility.reset()
    }
    offsetWatch.reset()
  }

  /// Takes one sample in; implausible, repeated and late ones are counted and dropped.
  func add(_ sample: OdometrySample) {
    offsetWatch.add(sample)
    state.withLock { state in
      var sample = sample
      sample.time = sample.time + state.tuning.timeOffsetNanoseconds
      if let doubt = state.plausibility.doubt(sample) {
        state.implausible += 1
        state.doubt = doubt
        return
      }
      switch state.track.add(sample) {
      case .duplicate, .reordered, .notANumber: return
      case .accepted, .restarted: break
      }
      state.accepted += 1
      if state.unpublished.count == Self.unpublishedLimit { state.unpublished.removeFirst() }
      state.unpublished.append(sample)
    }
  }

  /// How far the camera turned between two images, by the images: what the offset of the clocks is learned from.
  func note(_ turn: VisualTurn) { offsetWatch.add(turn) }

  /// How the robot moved between two frames; nil unless odometry covers the whole time without a gap.
  func window(from start: MonotonicTime, to end: MonotonicTime) -> OdometryWindow? {
    state.withLock { $0.track.window(from: start, to: end) }
  }

  /// How the camera moved between two frames, with the configured noise.
  func cameraMotion(from start: MonotonicTime, to end: MonotonicTime, mount: CameraMount?) -> CameraMotion? {
    state.withLock { state in
      state.track.window(from: start, to: end, heldNanoseconds: Self.heldNanoseconds).map {
        CameraMotion(window: $0, mount: mount, noise: state.tuning.noise)
      }
    }
  }

  /// The newest sample taken at `time` or before, unless it is older than `maximumAgeNanoseconds`.
  func sample(at time: MonotonicTime, maximumAgeNanoseconds: Int64) -> OdometrySample? {
    state.withLock { state in
      guard let sample = state.track.latest(at: time), time - sample.time <= maximumAgeNanoseconds else {
        return nil
      }
      return sample
    }
  }

  /// The newest sample; nil before the first.
  var newest: OdometrySample? { state.withLock { $0.track.newest } }

  /// Why the last implausible sample was not believed.
  var doubt: OdometryPlausibility.Doubt? { state.withLock { $0.doubt } }

  var tuning: OdometryTuning { state.withLock { $0.tuning } }

  var counts: Counts {
    state.withLock { state in
      Counts(
        accepted: state.accepted, gaps: state.track.gapCount, duplicates: state.track.duplicateCount,
        reordered: state.track.reorderCount, restarts: state.track.restartCount,
        implausible: state.implausible)
    }
  }

  /// Samples since the last call, oldest first.
  func takeUnpublished() -> [OdometrySample] {
    state.withLock { state in
      let samples = state.unpublished
      state.unpublished.removeAll(keepingCapacity: true)
      return samples
    }
  }
}
