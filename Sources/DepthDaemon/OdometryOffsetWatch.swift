import Odometry
import Quantities
import Synchronization

/// Learns by how much the stamps of odometry are off, from images that turn as the robot does.
///
/// Fed by the threads that have the data, asked by the supervisor. While it computes, what arrives is left out: nobody
/// on a frame's path waits for it.
final class OdometryOffsetWatch: Sendable {
  private struct State: Sendable {
    var estimator = TimeOffsetEstimator()
    var hasNewTurns = false
    var lastEstimate: MonotonicTime?
    var report: Report?
  }

  /// What is known; the offset is the whole one, to be compared with the configured one.
  enum Report: Equatable, Sendable {
    case offset(TimeOffsetEstimator.Offset)
    case refused(TimeOffsetEstimator.Refusal)
  }

  private static let interval: Int64 = 5_000_000_000
  private let state = Mutex(State())

  /// Takes in a sample with its stamp as it came.
  func add(_ sample: OdometrySample) {
    _ = state.withLockIfAvailable { $0.estimator.add(sample) }
  }

  func add(_ turn: VisualTurn) {
    _ = state.withLockIfAvailable { state in
      state.estimator.add(turn)
      state.hasNewTurns = true
    }
  }

  func reset() {
    state.withLock { state in
      state.estimator.reset()
      state.report = nil
      state.hasNewTurns = false
    }
  }

  /// Estimates anew when there are new turns and the last time is long enough ago; nil before any turn came.
  func report(at now: MonotonicTime) -> Report? {
    state.withLock { state in
      let isDue = state.lastEstimate.map { now - $0 >= Self.interval } ?? true
      guard state.hasNewTurns, isDue else { return state.report }
      state.hasNewTurns = false
      state.lastEstimate = now
      do throws(TimeOffsetEstimator.Refusal) {
        state.report = .offset(try state.estimator.estimate())
      } catch { state.report = .refused(error) }
      return state.report
    }
  }
}
