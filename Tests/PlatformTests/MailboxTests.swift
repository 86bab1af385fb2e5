import Platform
import Quantities
import Testing

struct MailboxTests {
  private let soon = MonotonicTime.now() + 20_000_000
  private let late = MonotonicTime.now() + 20_000_000_000

  @Test func `the newest message wins and every displaced one is counted`() {
    let mailbox = Mailbox<Int>()
    for number in 1...5 { mailbox.put(number) }
    #expect(mailbox.take(until: late) == 5)
    #expect(mailbox.displaced.value == 4)
    #expect(mailbox.take(until: soon) == nil)
  }

  @Test func `a message that was taken is not displaced`() {
    let mailbox = Mailbox<Int>()
    for number in 0..<10 {
      mailbox.put(number)
      #expect(mailbox.take(until: late) == number)
    }
    #expect(mailbox.displaced.value == 0)
  }

  @Test func `waiting ends at the deadline, not before`() {
    let mailbox = Mailbox<Int>()
    let deadline = MonotonicTime.now() + 30_000_000
    #expect(mailbox.take(until: deadline) == nil)
    #expect(MonotonicTime.now() >= deadline)
  }

  @Test func `a deadline in the past still delivers what is there`() {
    let mailbox = Mailbox<Int>()
    mailbox.put(7)
    #expect(mailbox.take(until: MonotonicTime(nanoseconds: 0)) == 7)
    #expect(mailbox.take(until: MonotonicTime(nanoseconds: 0)) == nil)
  }

  @Test func `closing wakes the receiver at once`() {
    let mailbox = Mailbox<Int>()
    let received = Mailbox<Bool>()
    let patience = late
    let receiver = WorkerThread(name: "receiver") {
      received.put(mailbox.take(until: patience) == nil)
    }
    mailbox.close()
    receiver.join()
    #expect(received.take(until: late) == true)
    #expect(MonotonicTime.now() < late)
  }

  @Test func `the message left in a closed mailbox can be taken once`() {
    let mailbox = Mailbox<Int>()
    mailbox.put(1)
    mailbox.close()
    #expect(mailbox.closed)
    #expect(mailbox.take(until: late) == 1)
    #expect(mailbox.take(until: late) == nil)
  }

  @Test func `a closed mailbox keeps nothing`() {
    let mailbox = Mailbox<Int>()
    mailbox.close()
    mailbox.put(1)
    #expect(mailbox.take(until: late) == nil)
  }

  @Test func `a sender that must lose nothing goes at the receiver's pace`() {
    let mailbox = Mailbox<Int>()
    let patience = late
    let sender = WorkerThread(name: "sender") {
      for number in 0..<2000 {
        guard mailbox.waitUntilTaken(until: patience) else { break }
        mailbox.put(number)
      }
      _ = mailbox.waitUntilTaken(until: patience)
      mailbox.close()
    }
    var received: [Int] = []
    while let number = mailbox.take(until: patience) { received.append(number) }
    sender.join()
    #expect(received == Array(0..<2000))
    #expect(mailbox.displaced.value == 0)
  }

  @Test func `waiting for a free slot gives up at the deadline and on closing`() {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.waitUntilTaken(until: soon))
    mailbox.put(1)
    #expect(!mailbox.waitUntilTaken(until: MonotonicTime.now() + 20_000_000))
    mailbox.close()
    #expect(!mailbox.waitUntilTaken(until: late))
  }

  @Test func `with a hasty sender the receiver sees growing numbers and the counts add up`() {
    let mailbox = Mailbox<Int>()
    let sender = WorkerThread(name: "sender") {
      for number in 0..<20_000 { mailbox.put(number) }
      mailbox.close()
    }
    var received: [Int] = []
    while let number = mailbox.take(until: late) { received.append(number) }
    sender.join()
    #expect(received == received.sorted())
    #expect(received.last == 19_999)
    #expect(received.count + Int(mailbox.displaced.value) == 20_000)
  }
}
