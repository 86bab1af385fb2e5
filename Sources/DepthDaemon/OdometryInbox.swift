import Odometry
import Quantities
import Synchronization

/// Where odometry arrives, from whichever thread, and where perception and status read it.
final class OdometryInbox: Sendable {
  private struct State: Sendable {
    /// Ten seconds at 50 Hz; a pause of more than five such periods is a gap.
    var track = OdometryTrack(capacity: 512, largestGapNanoseconds: 100_000_000)
    /// Samples not yet published; the oldest gives way beyond the bound.
    var unpublished: [OdometrySample] = []
    var accepted: UInt64 = 0
  }

  /// What became of the samples so far.
  struct Counts: Equatable, Sendable {
    var accepted: UInt64
    var gaps: UInt64
    var duplicates: UInt64
    var reordered: UInt64
    var restarts: UInt64
  }

  private static let unpublishedLimit = 512
  private let state = Mutex(State())

  init() {
    state.withLock { $0.unpublished.reserveCapacity(Self.unpublishedLimit) }
  }

  /// Takes one sample in; duplicates and late ones are counted and dropped.
  func add(_ sample: OdometrySample) {
    state.withLock { state in
      switch state.track.add(sample) {
      case .duplicate, .reordered, .notANumber: return
      case .accepted, .restarted: break
      }
      state.accepted += 1
      if state.unpublished.count == Self.unpublishedLimit { state.unpublished.removeFirst() }
      state.unpublished.append(sample)
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

  /// When the newest sample was taken; nil before the first.
  var newestTime: MonotonicTime? { state.withLock { $0.track.newest?.time } }

  var counts: Counts {
    state.withLock { state in
      Counts(
        accepted: state.accepted, gaps: state.track.gapCount, duplicates: state.track.duplicateCount,
        reordered: state.track.reorderCount, restarts: state.track.restartCount)
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
