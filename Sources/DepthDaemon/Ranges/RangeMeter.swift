import Completion
import DepthPipeline
import ModelBundle
import Platform
import Quantities

/// Gathers what is so of range points, once a second.
struct RangeMeter {
  private var received = CounterWindow(length: 10)
  private var notFinite = CounterWindow(length: 10)
  private var staleScans = CounterWindow(length: 10)
  private var unmovedScans = CounterWindow(length: 10)
  private var rejected = RangeRejection.allCases.map { ($0, CounterWindow(length: 10)) }

  /// A sensor that is silent for this long has stopped.
  private static let silenceNanoseconds: Int64 = 1_000_000_000

  mutating func read(_ now: inout ComponentObservation, _ crew: Crew, _ running: RunningConfiguration) {
    let (snapshot, settings) = (crew.rangeStatus.snapshot, running.settings.pipeline.ranges)
    now.recently.ranges = growth(of: snapshot)
    now.ranges.isExpected = settings.isExpected
    now.ranges.usesSource = settings.usesSource
    now.ranges.mayComplete = settings.completes && running.model.completion != nil
    now.ranges.failure = snapshot.failure
    now.ranges.problem = snapshot.problem
    now.ranges.last = snapshot.last
    now.ranges.lastPlaced = snapshot.lastVerdict.placed
    let heard = crew.ranges.heard
    now.ranges.isHeard = !heard.isEmpty
    if let oldest = heard.min(by: { $0.time < $1.time }) {
      let age = now.health.time - oldest.time
      if age > max(Self.silenceNanoseconds, settings.maximumAgeNanoseconds) {
        now.ranges.silent = (oldest.frame, Double(age) * 1e-9)
      }
    }
  }

  private mutating func growth(of snapshot: RangeStatus.Snapshot) -> ComponentObservation.RangeGrowth {
    var growth = ComponentObservation.RangeGrowth()
    growth.received = received.update(snapshot.received)
    growth.notFinite = notFinite.update(snapshot.notFinite)
    growth.staleScans = staleScans.update(snapshot.staleScans)
    growth.unmovedScans = unmovedScans.update(snapshot.unmovedScans)
    for index in rejected.indices {
      let reason = rejected[index].0
      let count = rejected[index].1.update(snapshot.rejected[reason] ?? 0)
      switch reason {
      case .unreadable: growth.unreadable = count
      case .unknownFrame: growth.unknownFrame = count
      case .noExtrinsics: growth.noExtrinsics = count
      case .future, .old: growth.badStamps += count
      case .reordered: break
      }
    }
    return growth
  }
}
