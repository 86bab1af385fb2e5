import CANBus
import Odometry
import Platform
import Quantities
import WireFormat

extension StatusReporter {
  /// `odometry` in the reply to `status`.
  func writeOdometry(at now: MonotonicTime, into result: inout ByteWriter) {
    let (inbox, status) = (crew.odometry, crew.odometryStatus)
    result.beginObject("odometry")
    let counts = inbox.counts
    result.field("samples", counts.accepted)
    if let newest = inbox.newest {
      result.field("speed_mps", newest.speedMetersPerSecond)
      result.field("yaw_rate_rps", newest.yawRateRadiansPerSecond)
      result.field("age_ms", Double(now - newest.time) * 1e-6)
    }
    result.field("gaps", counts.gaps)
    result.field("duplicates", counts.duplicates)
    result.field("reordered", counts.reordered)
    result.field("restarts", counts.restarts)
    result.field("implausible", counts.implausible)
    result.field("rejected", status.rejected.value)
    result.field("problem", status.problem ?? inbox.doubt?.description)
    write(status.bus, into: &result)
    write(inbox.offsetWatch.report(at: now), into: &result)
    result.endObject()
  }

  private func write(_ bus: OdometryStatus.BusReport?, into result: inout ByteWriter) {
    guard let bus else { return }
    result.beginObject("can")
    result.field("interface", bus.interface)
    result.field("fault", bus.fault?.description)
    result.field("frames", bus.link.frames)
    result.field("error_frames", bus.link.errors)
    result.field("dropped", bus.link.dropped)
    result.field("openings", bus.link.openings)
    result.field("unusable", bus.signals.unusable)
    result.field("missing", bus.signals.missing)
    result.field("counter_faults", bus.signals.counterFaults)
    result.endObject()
  }

  private func write(_ report: OdometryOffsetWatch.Report?, into result: inout ByteWriter) {
    guard let report else { return }
    result.beginObject("time_offset")
    switch report {
    case .offset(let found):
      result.field("ms", found.seconds * 1000)
      result.field("sigma_ms", found.sigmaSeconds * 1000)
      result.field("correlation", found.correlation)
      result.field("gain", found.gain)
    case .refused(let refusal): result.field("refused", refusal.description)
    }
    result.endObject()
  }
}
