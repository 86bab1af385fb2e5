import Capture
import DepthDaemon
import DepthPipeline
import Glibc
import ModelBundle
import Platform
import Quantities
import Testing

/// The reload thread's side of a change, with a perception thread that does as it is told.
@Suite struct ReloadSwapTests {
  /// Carries a change out; returns why it was refused, nil when it was applied.
  private func swap(
    _ rig: CaptureRig, to source: SourceChoice?, patience: Int64 = CaptureRig.patience,
    stop: StopFlag = StopFlag(),
    attempt: UInt64 = 1, perception: @escaping @Sendable (ChangeTicket) -> Void
  ) throws -> String? {
    let ticket = ChangeTicket(triesSource: source != nil)
    let change = PerceptionChange(
      ticket: ticket, sourceAttempt: source.map { _ in attempt },
      builder: PipelineBuilder(
        settings: PipelineSettings(), model: try SmallNetwork.model(), calibration: nil),
      odometry: OdometryUse(isExpected: false, isFromSource: false, maximumAgeNanoseconds: 0),
      team: TeamSettings(width: 1, cores: []))
    let thread = WorkerThread(name: "perception") { perception(ticket) }
    defer { thread.join() }
    do {
      try ReloadSwap(channels: rig.channels, stop: stop, patienceNanoseconds: patience).carryOut(
        change, source.map { SourceChange(ticket: ticket, attempt: attempt, source: $0) })
      return nil
    } catch { return error.reasons.joined() }
  }

  private static func takeOver(_ ticket: ChangeTicket) {
    _ = ticket.state(after: .sourceOnTrial)
    if ticket.claim() { ticket.finish() }
  }

  @Test func `both threads carry a change out`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    #expect(try swap(rig, to: .scripted([.silence, .frame]), perception: Self.takeOver) == nil)
    #expect(rig.delivers(1))
  }

  @Test func `a source that does not stand leaves perception nothing to carry out`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    let claimed = Counter()
    let reason = try swap(rig, to: .scripted([.silence], patienceSeconds: 0.1)) { ticket in
      _ = ticket.state(after: .sourceOnTrial)
      if ticket.claim() { claimed.add() }
    }
    #expect(reason?.contains("no frame within 0.1 s") == true)
    #expect(claimed.value == 0 && rig.delivers(0))
  }

  @Test func `stuck perception keeps the old source, and finds nothing when it wakes`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    let reason = try swap(rig, to: .scripted([.frame]), patience: 100_000_000) { _ in }
    #expect(reason?.contains("perception thread did not answer") == true)
    #expect(rig.delivers(0))
    #expect(rig.channels.perceptionChanges.takeNow() == nil)
  }

  @Test func `a stuck capture thread is not waited for without end`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    #expect(rig.delivers(0))
    let held = StopFlag()
    // Opening takes for ever, as a broken driver does.
    var stuck = SourceChoice.scripted([.frame], patienceSeconds: 0.05)
    let open = stuck.open
    stuck.open = { (size) throws(CaptureError) in
      while !held.isRaised { usleep(1000) }
      return try open(size)
    }
    let reason = try swap(rig, to: stuck, patience: 50_000_000) { _ in }
    #expect(reason?.contains("capture thread did not answer") == true)
    held.raise()
    #expect(rig.delivers(0), "when it comes free it goes back")
  }

  @Test func `a change that was begun is waited for, however long it takes`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    let reason = try swap(rig, to: .scripted([.frame]), patience: 50_000_000) { ticket in
      _ = ticket.state(after: .sourceOnTrial)
      guard ticket.claim() else { return }
      usleep(400_000)
      ticket.finish()
    }
    #expect(reason == nil && rig.delivers(1))
  }

  @Test func `perception that cannot carry it out brings the old source back`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    let reason = try swap(rig, to: .scripted([.frame])) { ticket in
      _ = ticket.state(after: .sourceOnTrial)
      if ticket.claim() { ticket.fail("no pipeline for such frames") }
    }
    #expect(reason == "no pipeline for such frames" && rig.delivers(0))
    // The next change is not disturbed by it.
    #expect(try swap(rig, to: .scripted([.frame]), attempt: 2, perception: Self.takeOver) == nil)
    #expect(rig.delivers(2))
  }

  @Test(arguments: [true, false])
  func `a stop ends the wait at once`(triesSource: Bool) throws {
    let rig = CaptureRig(.scripted([.frame]))
    let stop = StopFlag()
    let reason = try swap(rig, to: triesSource ? .scripted([.silence]) : nil, stop: stop) { _ in stop.raise()
    }
    #expect(reason == "the daemon stops")
  }

  @Test func `a stop does not wait for what has been begun`() throws {
    let rig = CaptureRig(.scripted([.frame]))
    let stop = StopFlag()
    #expect(
      try swap(rig, to: nil, stop: stop) { ticket in
        _ = ticket.claim()
        stop.raise()
      } == nil)
  }
}
