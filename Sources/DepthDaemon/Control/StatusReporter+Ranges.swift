import Completion
import DepthPipeline
import Platform
import Quantities
import WireFormat

extension StatusReporter {
  /// `sparse` in the reply to `status`.
  func writeRanges(at now: MonotonicTime, into result: inout ByteWriter) {
    let snapshot = crew.rangeStatus.snapshot
    result.beginObject("sparse")
    result.field("messages", crew.rangeStatus.accepted.value)
    result.beginObject("rejected_messages")
    for reason in RangeRejection.allCases {
      result.field(reason.word, snapshot.rejected[reason] ?? 0)
    }
    result.endObject()
    result.field("problem", snapshot.failure ?? snapshot.problem)
    result.field("received", snapshot.received)
    result.field("not_finite", snapshot.notFinite)
    result.field("thinned", snapshot.thinned)
    result.beginArray("sensors")
    for sensor in crew.ranges.heard {
      result.beginObject()
      result.field("frame", sensor.frame)
      result.field("age_ms", Double(now - sensor.time) * 1e-6)
      result.endObject()
    }
    result.endArray()
    result.field("stale_scans", snapshot.staleScans)
    result.field("unmoved_scans", snapshot.unmovedScans)
    result.field("completed_frames", snapshot.completedFrames)
    write("placed", snapshot.placed, into: &result)
    result.beginObject("last_frame")
    write("points", snapshot.last.counts, into: &result)
    result.field("completing", snapshot.last.completing)
    result.field("age_ms", snapshot.last.ageNanoseconds.map { Double($0) * 1e-6 })
    result.endObject()
    result.endObject()
  }

  private func write(_ key: StaticString, _ counts: RangeCounts, into result: inout ByteWriter) {
    result.beginObject(key)
    result.field("kept", counts.kept)
    result.field("not_finite", counts.notFinite)
    result.field("too_near", counts.tooNear)
    result.field("too_far", counts.tooFar)
    result.field("outside", counts.outside)
    result.field("hidden", counts.hidden)
    result.field("occluded", counts.occluded)
    result.endObject()
  }
}
