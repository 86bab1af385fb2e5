import DepthDaemon
import Geometry
import Quantities
import Testing

@Suite struct RangeInboxTests {
  private static let millisecond: Int64 = 1_000_000
  private let now = MonotonicTime(nanoseconds: 10_000_000_000)

  private func calibration(_ sensors: [RangeSensor]) -> CameraCalibration {
    var calibration = CameraCalibration(
      name: "front",
      intrinsics: CameraIntrinsics(
        fx: 100, fy: 100, cx: 49.5, cy: 49.5, size: ImageSize(width: 100, height: 100)))
    calibration.sensors = sensors
    return calibration
  }

  private func sensor(_ frame: String, offset milliseconds: Int64 = 0) -> RangeSensor {
    RangeSensor(
      frame: frame, cameraFromSensor: .identity, timeOffsetNanoseconds: milliseconds * Self.millisecond)
  }

  private func inbox(_ sensors: [RangeSensor]) -> RangeInbox {
    let inbox = RangeInbox()
    apply(sensors, to: inbox)
    return inbox
  }

  private func apply(_ sensors: [RangeSensor], to inbox: RangeInbox) {
    inbox.apply(
      calibration(sensors), cameraFrame: "front_optical", maximumAgeNanoseconds: 200 * Self.millisecond)
  }

  /// Offers a scan stamped so many milliseconds from now.
  private func admit(
    _ inbox: RangeInbox, _ frame: String = "lidar", at milliseconds: Double = 0
  ) -> RangeInbox.Admission {
    inbox.admit(frame: frame, stamp: now + Int64(milliseconds * Double(Self.millisecond)), now: now)
  }

  private func ticket(_ admission: RangeInbox.Admission) throws -> RangeInbox.Ticket {
    guard case .admitted(let ticket) = admission else {
      throw RangeInboxTestError(text: "\(admission)")
    }
    return ticket
  }

  private func refusal(_ admission: RangeInbox.Admission) -> RangeRefusal? {
    if case .refused(let refusal) = admission { return refusal }
    return nil
  }

  /// A scan of one point this far ahead of the sensor.
  private func scan(_ meters: Float, for ticket: RangeInbox.Ticket) throws -> SensorScan {
    let scan = SensorScan()
    try ScanMessage.points([SIMD3(meters, 0, 0)]).fill(scan, time: ticket.time)
    return scan
  }

  @Test(arguments: [(30, 30), (-30, -30)] as [(Int64, Double)])
  func `the offset of a sensor's clock is added to its stamps`(offset: Int64, milliseconds: Double) throws {
    let inbox = inbox([sensor("lidar", offset: offset)])
    let admitted = try ticket(admit(inbox, at: -50))
    #expect(Double(admitted.time - now) / Double(Self.millisecond) == -50 + milliseconds)
  }

  @Test func `a clock that runs ahead is taken back by a negative offset, not by a positive one`() {
    #expect(refusal(admit(inbox([sensor("lidar", offset: -100)]), at: 100)) == nil)
    let later = refusal(admit(inbox([sensor("lidar", offset: 100)]), at: 100))
    #expect(later == .future(by: 200e6))
  }

  @Test func `stamps count from fifty milliseconds ahead to the configured age`() {
    let inbox = inbox([sensor("lidar")])
    for milliseconds in [50, 0, -200] as [Double] {
      #expect(refusal(admit(inbox, at: milliseconds)) == nil, "\(milliseconds)")
    }
    #expect(refusal(admit(inbox, at: 50.001))?.reason == .future)
    #expect(refusal(admit(inbox, at: -200.001))?.reason == .old)
    let hour = refusal(admit(inbox, at: -3_600_000))
    #expect(hour?.text(frame: "lidar") == "\"lidar\": 1 h old when it came; sparse.max_age_ms is less")
    let first = inbox.admit(frame: "lidar", stamp: MonotonicTime(nanoseconds: .min / 2), now: now)
    #expect(refusal(first)?.reason == .old)
  }

  @Test func `a scan older than the one before is refused, one of the same time is not`() throws {
    let inbox = inbox([sensor("lidar"), sensor("sonar")])
    let first = try ticket(admit(inbox, at: -20))
    #expect(inbox.put(try scan(1, for: first), for: first) == nil)
    #expect(refusal(admit(inbox, at: -21)) == .reordered(by: 1e6))
    #expect(refusal(admit(inbox, at: -20)) == nil && refusal(admit(inbox, at: -19)) == nil)
    #expect(refusal(admit(inbox, "sonar", at: -100)) == nil, "another sensor's scans are none of its")
    #expect(inbox.heard.map(\.frame) == ["lidar"])
  }

  @Test func `who is not stated is refused with what is`() {
    #expect(
      refusal(admit(inbox([sensor("lidar"), sensor("sonar")]), "lidra"))
        == .unknownFrame(stated: ["lidar", "sonar"]))
    #expect(refusal(admit(inbox([]), "lidra")) == .noSensors)
    #expect(refusal(admit(inbox([sensor("front_optical")]), "lidra")) == .noSensors)
    #expect(refusal(admit(inbox([]), "front_optical")) == nil, "the camera's own frame needs no entry")
    let uncalibrated = RangeInbox()
    uncalibrated.apply(nil, cameraFrame: "front_optical", maximumAgeNanoseconds: 1)
    #expect(refusal(admit(uncalibrated, "front_optical")) == .noCalibration)
    #expect(refusal(admit(inbox([sensor("lidar")]), "")) == .unknownFrame(stated: ["lidar"]))
  }

  @Test func `the newest scan is handed over once and stays its taker's own`() throws {
    let inbox = inbox([sensor("lidar")])
    let (first, second) = (try ticket(admit(inbox, at: -20)), try ticket(admit(inbox, at: -10)))
    var mine: SensorScan?
    #expect(!inbox.exchange(&mine, at: first.place))
    #expect(inbox.put(try scan(1, for: first), for: first) == nil)
    let displaced = inbox.put(try scan(2, for: second), for: second)
    #expect(displaced?.time == first.time, "the scan that nobody took comes back to be filled")
    #expect(inbox.exchange(&mine, at: first.place) && mine?.time == second.time)
    #expect(inbox.exchange(&mine, at: first.place) && mine?.time == second.time, "nothing newer came")
  }

  @Test func `scans outlive a reload that changes no sensor, and none that changes one or the publisher`()
    throws
  {
    let inbox = inbox([sensor("lidar")])
    let early = try ticket(admit(inbox, at: -20))
    #expect(inbox.put(try scan(1, for: early), for: early) == nil)
    var mine: SensorScan?
    apply([sensor("lidar", offset: 3)], to: inbox)
    #expect(inbox.exchange(&mine, at: early.place), "the same sensors, another offset")
    apply([sensor("sonar"), sensor("lidar")], to: inbox)
    #expect(!inbox.exchange(&mine, at: early.place), "its place is another's now")
    // A scan that was admitted before the places changed hands comes back unused.
    let late = try scan(2, for: early)
    #expect(inbox.put(late, for: early) === late)
    #expect(inbox.heard.map(\.frame) == ["lidar"], "what it sent is remembered by its name")
    #expect(refusal(admit(inbox, at: -21))?.reason == .reordered)
    inbox.startAnew()
    #expect(inbox.heard.isEmpty && refusal(admit(inbox, at: -21)) == nil)
  }
}

private struct RangeInboxTestError: Error { let text: String }
