// A fixed team of threads that runs the parts of one job at a time.
internal import CPosix
internal import Glibc
public import Quantities
internal import Synchronization

/// The daemon's `ParallelExecutor`: `width - 1` worker threads and the calling thread.
///
/// A waiting worker spins for a short while, because the next layer of a network follows within microseconds, and
/// then sleeps on a condition. `run` does not allocate and never waits for a worker that has taken no part: on a
/// busy machine the caller does the work itself. Only one thread may call `run` at a time.
///
/// @unchecked Sendable: the job is written before `state` is released; a worker reads it only after it took a part
/// of that very job, and `run` returns only when every part is finished.
public final class WorkerTeam: ParallelExecutor, @unchecked Sendable {
  public let width: Int
  private var threads: [pthread_t] = []
  private let shared: Shared

  /// What the workers see. They hold it instead of the team, so that dropping the team stops them.
  ///
  /// @unchecked Sendable: as the team.
  private final class Shared: @unchecked Sendable {
    /// A `JobState`: one word, so that a part can only be taken from the job a worker saw.
    let state = Atomic<UInt64>(0)
    let finishedParts = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    /// The job: valid from the release of `state` to the end of `run`.
    let body: UnsafeMutablePointer<cposix_closure>
    /// Sleeping workers wait here.
    let monitor = Monitor()

    init() {
      body = .allocate(capacity: 1)
      body.initialize(to: cposix_closure())
    }

    /// The caller's side of a job.
    func runJob(parts: Int, width: Int) {
      finishedParts.store(0, ordering: .relaxed)
      let next = JobState(state.load(ordering: .relaxed)).following(parts: parts, width: width)
      state.store(next.word, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      while takePart(thread: 0) {}
      var spins = 0
      while finishedParts.load(ordering: .acquiring) < parts {
        spins += 1
        if spins > 2000 { sched_yield() } else { cposix_pause() }
      }
    }

    func wakeAll() {
      monitor.lock()
      monitor.wakeAll()
      monitor.unlock()
    }

    /// Takes one part of the current job and runs it; false when none is left.
    func takePart(thread: Int) -> Bool {
      var word = state.load(ordering: .acquiring)
      while true {
        let job = JobState(word)
        guard let part = job.part(for: thread) else { return false }
        let (taken, seen) = state.compareExchange(
          expected: word, desired: job.taking(part).word, ordering: .acquiringAndReleasing)
        if taken {
          cposix_call_closure(body, part)
          finishedParts.wrappingAdd(1, ordering: .releasing)
          return true
        }
        word = seen
      }
    }

    deinit {
      body.deallocate()
    }
  }

  /// Starts the team.
  ///
  /// - Parameters:
  ///   - width: parts that run at once, the caller included; at least one.
  ///   - cores: cores to pin the workers to, one each in order; workers beyond the list are not pinned.
  public init(width: Int, cores: [Int] = []) {
    precondition(width >= 1, "A worker team needs at least the calling thread.")
    self.width = width
    shared = Shared()
    for index in 1..<max(1, width) {
      let core = index - 1 < cores.count ? cores[index - 1] : nil
      threads.append(Self.start(shared, index: index, core: core))
    }
  }

  deinit {
    shared.isStopping.store(true, ordering: .releasing)
    shared.wakeAll()
    for thread in threads { pthread_join(thread, nil) }
  }

  public func run(parts: Int, _ body: (Int) -> Void) {
    guard parts > 1 && !threads.isEmpty else {
      for part in 0..<parts { body(part) }
      return
    }
    precondition(parts <= JobState.maximumParts, "A job has at most \(JobState.maximumParts) parts.")
    storeClosure(shared.body, body)
    shared.runJob(parts: parts, width: width)
  }

  // MARK: the worker's side

  private final class Start {
    let shared: Shared
    let index: Int
    let core: Int?

    init(_ shared: Shared, _ index: Int, _ core: Int?) {
      self.shared = shared
      self.index = index
      self.core = core
    }
  }

  private static func start(_ shared: Shared, index: Int, core: Int?) -> pthread_t {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Start(shared, index, core)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        cposix_set_thread_name("worker-\(start.index)")
        if let core = start.core { cposix_pin_thread(Int32(core)) }
        WorkerTeam.work(start.shared, thread: start.index)
        return nil
      }, argument)
    precondition(
      status == 0, "The system refused to start a worker thread (pthread_create returned \(status)).")
    return thread
  }

  private static func work(_ shared: Shared, thread: Int) {
    while waitForParts(shared) {
      while shared.takePart(thread: thread) {}
    }
  }

  private static func hasParts(_ shared: Shared) -> Bool {
    JobState(shared.state.load(ordering: .sequentiallyConsistent)).part(for: 0) != nil
  }

  /// Returns true when a job has parts left, false when the team ends.
  private static func waitForParts(_ shared: Shared) -> Bool {
    for _ in 0..<20_000 {
      if hasParts(shared) { return true }
      if shared.isStopping.load(ordering: .acquiring) { return false }
      cposix_pause()
    }
    shared.monitor.lock()
    shared.sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while !hasParts(shared) && !shared.isStopping.load(ordering: .acquiring) {
      shared.monitor.wait()
    }
    shared.sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    shared.monitor.unlock()
    return !shared.isStopping.load(ordering: .acquiring)
  }
}

/// Takes a closure apart into its two words; the C side is in CPosix.c. A closure parameter reaches a function as
/// exactly these words under Swift's calling convention, which C can be told to use.
@_silgen_name("cposix_store_closure")
private func storeClosure(_ target: UnsafeMutablePointer<cposix_closure>, _ body: (Int) -> Void)
