import Odometry
import Quantities
import Synchronization

/// Where odometry arrives, from whichever thread, and where perception and status read it.
final class OdometryInbox: Sendable {
  private struct State {
    var latest: OdometrySample?
    /// Samples not yet published; oldest dropped beyond the bound.
    var unpublished: [OdometrySample] = []
    var count: UInt64 = 0
  }

  private static let unpublishedLimit = 512
  private let state = Mutex(State())

  init() {
    state.withLock { $0.unpublished.reserveCapacity(Self.unpublishedLimit) }
  }

  /// Takes one sample; one that is older than the newest is ignored.
  func add(_ sample: OdometrySample) {
    state.withLock { state in
      if let latest = state.latest, sample.time <= latest.time { return }
      state.latest = sample
      state.count += 1
      if state.unpublished.count == Self.unpublishedLimit { state.unpublished.removeFirst() }
      state.unpublished.append(sample)
    }
  }

  /// The newest sample.
  var latest: OdometrySample? { state.withLock { $0.latest } }

  var count: UInt64 { state.withLock { $0.count } }

  /// Samples since the last call, oldest first.
  func takeUnpublished() -> [OdometrySample] {
    state.withLock { state in
      let samples = state.unpublished
      state.unpublished.removeAll(keepingCapacity: true)
      return samples
    }
  }
}
