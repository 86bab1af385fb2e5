import DepthDaemon
import Platform
import Quantities
import Testing
import WireFormat

@Suite struct ChangeTicketTests {
  private enum Step: CaseIterable {
    case stands, claim, finish, fail, withdraw
  }

  /// The table of docs/reload.md; what is not in it changes nothing.
  private static let table: [ChangeTicket.State: [Step: ChangeTicket.State]] = [
    .sourceOnTrial: [.stands: .ready, .withdraw: .withdrawn(reason: "given up")],
    .ready: [.claim: .claimed, .withdraw: .withdrawn(reason: "given up")],
    .claimed: [.finish: .done, .fail: .withdrawn(reason: "failed")],
  ]

  /// Takes a step; true or nil when it says that it was taken.
  private func take(_ step: Step, _ ticket: ChangeTicket) -> Bool? {
    switch step {
    case .stands: return ticket.sourceStands()
    case .claim: return ticket.claim()
    case .withdraw: return ticket.withdraw("given up")
    case .finish: ticket.finish()
    case .fail: ticket.fail("failed")
    }
    return nil
  }

  /// Every order in which three threads can take up to `length` steps.
  private func sequences(_ length: Int) -> [[Step]] {
    guard length > 0 else { return [[]] }
    return sequences(length - 1).flatMap { start in Step.allCases.map { start + [$0] } }
  }

  @Test(arguments: [true, false])
  func `in every interleaving a change goes by the table`(triesSource: Bool) {
    for sequence in sequences(6) {
      let ticket = ChangeTicket(triesSource: triesSource)
      var expected: ChangeTicket.State = triesSource ? .sourceOnTrial : .ready
      for step in sequence {
        let next = Self.table[expected]?[step]
        let isTaken = take(step, ticket)
        guard isTaken == nil || isTaken == (next != nil), ticket.state == next ?? expected else {
          Issue.record("\(sequence): \(step) at \(expected) led to \(ticket.state)")
          return
        }
        expected = next ?? expected
      }
    }
  }

  @Test func `of claiming and giving up at the same moment, one wins`() {
    for _ in 0..<500 {
      let ticket = ChangeTicket(triesSource: false)
      let claimed = Mailbox<Bool>()
      let thread = WorkerThread(name: "perception") { claimed.put(ticket.claim()) }
      let isWithdrawn = ticket.withdraw("given up")
      thread.join()
      #expect(claimed.takeNow() == !isWithdrawn)
    }
  }

  @Test func `whoever waits is woken by the next step`() {
    let ticket = ChangeTicket(triesSource: true)
    let thread = WorkerThread(name: "capture") { _ = ticket.sourceStands() }
    let state = ticket.wait(while: .sourceOnTrial, until: .now() + 60_000_000_000)
    thread.join()
    #expect(state == .ready)
    #expect(ticket.wait(while: .ready, until: .now()) == .ready)
  }
}

@Suite struct RetiredObjectsTests {
  private final class Canary {
    let grave: Counter
    init(_ grave: Counter) { self.grave = grave }
    deinit { grave.add() }
  }

  @Test func `what is retired is freed by whoever asks for it, and only when nobody holds it`() {
    let retired = RetiredObjects()
    let grave = Counter()
    var held = Optional(Canary(grave))
    if let held { retired.add(held) }
    retired.add(Canary(grave))
    #expect(grave.value == 0)
    retired.free()
    #expect(grave.value == 1)
    held = nil
    #expect(grave.value == 1, "the holder does not free it")
    retired.free()
    #expect(grave.value == 2)
    _ = held
  }
}

@Suite struct ReloadWishTests {
  private let timeout = ControlFailure(code: "timeout", text: "")

  @Test func `a job whose askers were all told that it took too long is abandoned`() {
    let (first, second) = (ControlReply(), ControlReply())
    var wish = ReloadWish(ReloadJob(trigger: .command), first)
    wish.share(ReloadWish(ReloadJob(trigger: .command), second))
    first.expire(timeout)
    #expect(!wish.isAbandoned)
    second.expire(timeout)
    #expect(wish.isAbandoned && !wish.commit())
  }

  @Test func `a job that cannot be given up any more outlives the time limit`() {
    let reply = ControlReply()
    let wish = ReloadWish(ReloadJob(trigger: .command), reply)
    #expect(wish.commit())
    reply.expire(timeout)
    #expect(!reply.isSettled && !wish.isAbandoned)
    reply.answer("done")
    #expect(reply.isSettled)
  }

  @Test func `a job that nobody waits for is carried out`() {
    let wish = ReloadWish(ReloadJob(trigger: .signal))
    #expect(!wish.isAbandoned && wish.commit())
  }
}
