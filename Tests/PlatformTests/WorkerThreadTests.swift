import Glibc
import Platform
import Quantities
import Testing

struct WorkerThreadTests {
  @Test func `the body has run when join returns`() {
    let counter = Counter()
    let thread = WorkerThread(name: "work") { counter.add(3) }
    thread.join()
    #expect(counter.value == 3)
  }

  @Test func `the thread carries its name, cut to what the kernel keeps`() {
    let name = Mailbox<String>()
    let thread = WorkerThread(name: "perception of the front camera") {
      guard let file = fopen("/proc/thread-self/comm", "r") else { return }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = fread(&bytes, 1, bytes.count, file)
      name.put(String(decoding: bytes[..<count], as: UTF8.self))
    }
    thread.join()
    #expect(name.take(until: MonotonicTime(nanoseconds: 0)) == "perception of t\n")
  }

  @Test func `a thread that nobody joined stops the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = WorkerThread(name: "forgotten") {}
    }
  }

  @Test func `counters add up across threads`() {
    let counter = Counter()
    let threads = (0..<4).map { index in
      WorkerThread(name: "count \(index)") { for _ in 0..<10_000 { counter.add() } }
    }
    for thread in threads { thread.join() }
    #expect(counter.value == 40_000)
  }

  @Test func `a stop flag raised in one thread is seen in another and stays raised`() {
    let stop = StopFlag()
    #expect(!stop.isRaised)
    let watcher = WorkerThread(name: "watcher") { while !stop.isRaised { sched_yield() } }
    stop.raise()
    watcher.join()
    stop.raise()
    #expect(stop.isRaised)
  }
}
