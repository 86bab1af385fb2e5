import Completion
import DepthPipeline
import Platform
import Quantities
import Synchronization

/// What becomes of range points, from every thread that has to do with them, for status and health.
final class RangeStatus: Sendable {
  /// Messages that were taken in.
  let accepted = Counter()

  struct Snapshot: Sendable {
    /// By reason; what was never rejected is missing.
    var rejected: [RangeRejection: UInt64] = [:]
    /// Why the last message was not taken; nil when it was.
    var problem: String?
    /// Why there is no subscription.
    var failure: String?
    /// Points of accepted messages.
    var received: UInt64 = 0
    var notFinite: UInt64 = 0
    var thinned: UInt64 = 0
    /// What became of points on frames' grids: each frame counts what it was given.
    var placed = RangeCounts()
    /// Scans that were too old or too new for a frame, and those that odometry could not move to one.
    var staleScans: UInt64 = 0
    var unmovedScans: UInt64 = 0
    /// The last frame.
    var last = RangeReport()
    var lastVerdict = RangeFeed.Verdict()
    var completedFrames: UInt64 = 0
  }

  private let storage = Mutex(Snapshot())

  var snapshot: Snapshot { storage.withLock { $0 } }

  func note(failure: String?) { storage.withLock { $0.failure = failure } }

  /// Notes that a message was taken.
  func accept(_ intake: SensorScan.Intake) {
    accepted.add()
    storage.withLock { snapshot in
      snapshot.problem = nil
      snapshot.received += UInt64(intake.received)
      snapshot.notFinite += UInt64(intake.notFinite)
      snapshot.thinned += UInt64(intake.thinned)
    }
  }

  /// Notes that a message was not taken; returns whether to log it: the first of its reason, the second, the fourth
  /// and so on, so that no sender can fill a disk.
  func reject(_ reason: RangeRejection, _ text: String) -> Bool {
    storage.withLock { snapshot in
      snapshot.problem = text
      let count = snapshot.rejected[reason, default: 0] + 1
      snapshot.rejected[reason] = count
      return count & (count - 1) == 0
    }
  }

  /// Notes what became of the points of one frame.
  func record(_ report: RangeReport, _ verdict: RangeFeed.Verdict) {
    storage.withLock { snapshot in
      snapshot.placed += report.counts
      snapshot.last = report
      snapshot.lastVerdict = verdict
      snapshot.staleScans += UInt64(verdict.stale)
      snapshot.unmovedScans += UInt64(verdict.unmoved)
      snapshot.completedFrames += report.completing > 0 ? 1 : 0
    }
  }
}
