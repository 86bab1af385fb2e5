import DepthPipeline
import Geometry
import Odometry
import Quantities

/// The perception thread's side of range points: the newest scan of each sensor goes into the pipeline, moved to the
/// time of the frame. Allocates nothing.
struct RangeFeed {
  /// What there was for a frame: how many scans, by what became of them.
  struct Verdict: Equatable, Sendable {
    /// They count for the frame.
    var placed = 0
    /// Too old, or too new, for it.
    var stale = 0
    /// Young enough, but odometry does not say how the robot moved meanwhile.
    var unmoved = 0
  }

  private let inbox: RangeInbox
  private let odometry: OdometryInbox
  private var scans = [SensorScan?](repeating: nil, count: RangeInbox.placeCount)

  init(inbox: RangeInbox, odometry: OdometryInbox) {
    self.inbox = inbox
    self.odometry = odometry
  }

  /// Adds what there is for a frame captured at `time`.
  mutating func add(to pipeline: DepthPipeline, at time: MonotonicTime, _ builder: PipelineBuilder) -> Verdict
  {
    var verdict = Verdict()
    guard builder.settings.ranges.isExpected, pipeline.ranges.canProject else { return verdict }
    let ranges = builder.settings.ranges
    let placement = RangePlacement(
      gridFromCamera: pipeline.ranges.gridFromCamera, maximumAgeNanoseconds: ranges.maximumAgeNanoseconds,
      maximumUnmovedAgeNanoseconds: ranges.maximumUnmovedAgeNanoseconds)
    for place in scans.indices {
      guard inbox.exchange(&scans[place], at: place), let scan = scans[place] else { continue }
      let sensor = builder.calibration?.sensors.first { $0.frame == scan.frame }
      guard sensor != nil || scan.frame == builder.settings.frameID else { continue }
      do throws(RangePlacement.Refusal) {
        let gridFromSensor = try placement.gridFromSensor(
          sensor?.cameraFromSensor, scan: scan.time, frame: time
        ) { odometry.cameraMotion(from: $0, to: $1, mount: builder.calibration?.mount)?.startFromEnd }
        pipeline.ranges.add(
          xyz: scan.bytes, gridFromSensor: gridFromSensor, ageNanoseconds: abs(time - scan.time))
        verdict.placed += 1
      } catch {
        switch error {
        case .stale: verdict.stale += 1
        case .unmoved: verdict.unmoved += 1
        }
      }
    }
    return verdict
  }
}
