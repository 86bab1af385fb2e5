import Capture
import DepthDaemon
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct SourceTrialTests {
  private typealias Delivery = ScriptedSource.Delivery

  @Test(arguments: [
    ([Delivery.silence], 0.1, "no frame within 0.1 s"), ([.damage], 0.1, "half a picture"),
    ([.silence, .silence, .end], 60, "ended before its first frame"), ([.absence], 60, "it went away"),
  ])
  func `a new source that delivers no frame is refused, and the old one goes on without being opened again`(
    script: [ScriptedSource.Delivery], patienceSeconds: Double, words: String
  ) throws {
    let (old, new) = (ScriptedSource.Record(), ScriptedSource.Record())
    let rig = CaptureRig(.scripted([.frame], record: old))
    #expect(rig.delivers(0))
    let ticket = rig.tryOut(.scripted(script, patienceSeconds: patienceSeconds, record: new))
    let reason = try #require(ticket.reason())
    #expect(reason.contains(words), "\(reason)")
    #expect(rig.delivers(0))
    #expect(old.opened.value == 1 && old.isOpen)
    #expect(eventually { !new.isOpen })
    #expect(rig.channels.capture.state == .streaming)
  }

  @Test func `a source that cannot be opened is refused, and the old one goes on`() {
    let rig = CaptureRig(.scripted([.frame]))
    #expect(rig.delivers(0))
    #expect(rig.tryOut(.unopenable).reason() == ScriptedSource.absence.description)
    #expect(rig.delivers(0))
  }

  @Test(arguments: [[Delivery.silence], [.silence, .absence], [.silence, .end]])
  func `a device is closed for the trial of another one, and opened again after it`(
    script: [ScriptedSource.Delivery]
  ) {
    let device = ScriptedSource.Record()
    let rig = CaptureRig(.scripted([.frame], isDevice: true, record: device))
    #expect(rig.delivers(0))
    let ticket = rig.tryOut(.scripted(script, isDevice: true, patienceSeconds: 0.3, record: device))
    #expect(ticket.reason() != nil)
    #expect(eventually { device.opened.value == 3 })
    #expect(device.overlaps.value == 0 && rig.delivers(0))
  }

  @Test func `frames that a trial cost are counted`() {
    let rig = CaptureRig(.scripted([.frame]))
    #expect(rig.delivers(0))
    #expect(rig.tryOut(.scripted([.silence], patienceSeconds: 0.3)).reason() != nil)
    #expect(rig.delivers(0))
    // Three tenths of a second at 200 Hz; more on a busy machine.
    #expect(eventually { rig.channels.capture.lost.value >= 50 })
  }

  @Test func `a source on trial stays when perception has taken the change`() {
    let old = ScriptedSource.Record()
    let rig = CaptureRig(.scripted([.frame], record: old))
    #expect(rig.delivers(0))
    let ticket = rig.tryOut(.scripted([.silence, .damage, .frame]))
    #expect(ticket.state(after: .sourceOnTrial) == .ready)
    #expect(rig.delivers(1))
    #expect(ticket.claim())
    #expect(rig.delivers(1) && old.isOpen, "the old one waits until the change is done")
    ticket.finish()
    #expect(eventually { !old.isOpen })
    #expect(rig.delivers(1))
    let second = rig.tryOut(.scripted([.frame]), attempt: 2)
    #expect(second.state(after: .sourceOnTrial) == .ready && rig.delivers(2))
  }

  @Test(arguments: [true, false])
  func `a source that stood goes when the change is withdrawn or fails`(isClaimed: Bool) {
    let rig = CaptureRig(.scripted([.frame]))
    let ticket = rig.tryOut(.scripted([.frame]))
    #expect(ticket.state(after: .sourceOnTrial) == .ready && rig.delivers(1))
    if isClaimed {
      #expect(ticket.claim() && !ticket.withdraw("too late"))
      ticket.fail("it does not fit")
    } else {
      #expect(ticket.withdraw("perception is stuck"))
    }
    #expect(rig.delivers(0))
    #expect(rig.nextAttempt() == 0 && rig.nextAttempt() == 0)
  }

  @Test func `a recording that ends right after its first frame may take the place of a camera`() {
    let rig = CaptureRig(.scripted([.frame]))
    let ticket = rig.tryOut(.scripted([.frame, .end]))
    #expect(ticket.state(after: .sourceOnTrial) == .ready)
    #expect(rig.delivers(1))
    #expect(ticket.claim())
    ticket.finish()
    #expect(eventually { rig.channels.capture.state == .ended })
  }

  @Test func `a recording that had ended stays so after a refusal`() {
    let old = ScriptedSource.Record()
    let rig = CaptureRig(.scripted([.frame, .end], record: old))
    #expect(rig.delivers(0))
    #expect(eventually { rig.channels.capture.state == .ended })
    #expect(rig.tryOut(.scripted([.silence], patienceSeconds: 0.1)).reason() != nil)
    #expect(eventually { rig.channels.capture.state == .ended })
    #expect(rig.nextAttempt(patience: 300_000_000) == nil)
    #expect(old.opened.value == 1)
  }

  @Test func `a change withdrawn before capture came to it is not tried`() {
    let new = ScriptedSource.Record()
    let rig = CaptureRig(.scripted([.frame]))
    let ticket = ChangeTicket(triesSource: true)
    #expect(ticket.withdraw("too late"))
    rig.channels.sourceChanges.put(
      SourceChange(ticket: ticket, attempt: 1, source: .scripted([.frame], record: new)))
    #expect(rig.delivers(0) && rig.delivers(0))
    #expect(eventually { rig.channels.sourceChanges.takeNow() == nil })
    #expect(rig.delivers(0) && new.opened.value == 0)
  }

  @Test func `odometry of a source on trial is not used before the change is done`() {
    let rig = CaptureRig(.scripted([.frame], speed: 1))
    rig.channels.usesSourceOdometry.set(true)
    #expect(eventually { rig.usedSpeeds == [1] })
    let refused = rig.tryOut(.scripted([.frame], speed: 2))
    #expect(refused.state(after: .sourceOnTrial) == .ready && rig.delivers(1))
    #expect(refused.withdraw("given up") && rig.delivers(0))
    #expect(rig.usedSpeeds == [1])
    let taken = rig.tryOut(.scripted([.frame], speed: 3), attempt: 2)
    #expect(taken.state(after: .sourceOnTrial) == .ready && rig.delivers(2) && taken.claim())
    taken.finish()
    #expect(eventually { rig.usedSpeeds == [1, 3] })
    rig.channels.usesSourceOdometry.set(false)
  }
}
