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
    /// The job's number, its parts and the next part to take, in one word, so that a part can only be taken from
    /// the job a worker saw: 24, 20 and 20 bits.
    let state = Atomic<UInt64>(0)
    let finishedParts = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    /// The job: valid from the release of `state` to the end of `run`.
    var body: UnsafeRawPointer?
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
      mutex = .allocate(capacity: 1)
      condition = .allocate(capacity: 1)
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_mutex_destroy(mutex)
      pthread_cond_destroy(condition)
      mutex.deallocate()
      condition.deallocate()
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
      threads.append(Self.start(shared, name: "worker-\(index)", core: core))
    }
  }

  deinit {
    shared.isStopping.store(true, ordering: .releasing)
    wakeAll()
    for thread in threads { pthread_join(thread, nil) }
  }

  public func run(parts: Int, _ body: (Int) -> Void) {
    guard parts > 1 && !threads.isEmpty else {
      for part in 0..<parts { body(part) }
      return
    }
    precondition(parts <= JobState.maximumParts, "A job has at most \(JobState.maximumParts) parts.")
    withoutActuallyEscaping(body) { job in
      withUnsafePointer(to: job) { pointer in
        shared.body = UnsafeRawPointer(pointer)
        shared.finishedParts.store(0, ordering: .relaxed)
        let next = JobState(shared.state.load(ordering: .relaxed)).following(parts: parts)
        shared.state.store(next.word, ordering: .sequentiallyConsistent)
        if shared.sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
        while Self.takePart(shared, job) {}
        var spins = 0
        while shared.finishedParts.load(ordering: .acquiring) < parts {
          spins += 1
          if spins > 2000 { sched_yield() } else { cposix_pause() }
        }
      }
    }
  }

  private func wakeAll() {
    pthread_mutex_lock(shared.mutex)
    pthread_cond_broadcast(shared.condition)
    pthread_mutex_unlock(shared.mutex)
  }

  /// One word that names a job and its next part.
  private struct JobState {
    static let maximumParts = 0xF_FFFF
    let word: UInt64

    init(_ word: UInt64) { self.word = word }

    var number: UInt64 { word >> 40 }
    var parts: UInt64 { word >> 20 & 0xF_FFFF }
    var next: UInt64 { word & 0xF_FFFF }

    func following(parts: Int) -> JobState { JobState((number + 1) << 40 | UInt64(parts) << 20) }
  }

  /// Takes one part of the current job and runs it; false when none is left.
  private static func takePart(_ shared: Shared, _ body: ((Int) -> Void)?) -> Bool {
    var word = shared.state.load(ordering: .acquiring)
    while true {
      let state = JobState(word)
      guard state.next < state.parts else { return false }
      let (taken, seen) = shared.state.compareExchange(
        expected: word, desired: word + 1, ordering: .acquiringAndReleasing)
      if taken {
        if let body {
          body(Int(state.next))
        } else {
          shared.body?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(state.next))
        }
        shared.finishedParts.wrappingAdd(1, ordering: .releasing)
        return true
      }
      word = seen
    }
  }

  // MARK: the worker's side

  private final class Start {
    let shared: Shared
    let name: String
    let core: Int?

    init(_ shared: Shared, _ name: String, _ core: Int?) {
      self.shared = shared
      self.name = name
      self.core = core
    }
  }

  private static func start(_ shared: Shared, name: String, core: Int?) -> pthread_t {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Start(shared, name, core)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        cposix_set_thread_name(start.name)
        if let core = start.core { cposix_pin_thread(Int32(core)) }
        WorkerTeam.work(start.shared)
        return nil
      }, argument)
    precondition(
      status == 0, "The system refused to start a worker thread (pthread_create returned \(status)).")
    return thread
  }

  private static func work(_ shared: Shared) {
    while waitForParts(shared) {
      while takePart(shared, nil) {}
    }
  }

  private static func hasParts(_ shared: Shared) -> Bool {
    let state = JobState(shared.state.load(ordering: .sequentiallyConsistent))
    return state.next < state.parts
  }

  /// Returns true when a job has parts left, false when the team ends.
  private static func waitForParts(_ shared: Shared) -> Bool {
    for _ in 0..<20_000 {
      if hasParts(shared) { return true }
      if shared.isStopping.load(ordering: .acquiring) { return false }
      cposix_pause()
    }
    pthread_mutex_lock(shared.mutex)
    shared.sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while !hasParts(shared) && !shared.isStopping.load(ordering: .acquiring) {
      pthread_cond_wait(shared.condition, shared.mutex)
    }
    shared.sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(shared.mutex)
    return !shared.isStopping.load(ordering: .acquiring)
  }
}
