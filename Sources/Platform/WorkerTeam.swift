// A fixed team of threads that runs the parts of one job at a time.
internal import CPosix
internal import Glibc
public import Quantities
internal import Synchronization

/// The daemon's `ParallelExecutor`: `width - 1` worker threads and the calling thread.
///
/// A waiting worker spins for a short while, because the next layer of a network follows within microseconds, and
/// then sleeps on a condition. `run` does not allocate. Only one thread may call `run` at a time.
///
/// @unchecked Sendable: `job` is written before `generation` is released and read after it was acquired; every
/// worker has left the job before `run` returns.
public final class WorkerTeam: ParallelExecutor, @unchecked Sendable {
  public let width: Int
  private var threads: [pthread_t] = []
  private let shared: Shared

  /// What the workers see. They hold it instead of the team, so that dropping the team stops them.
  ///
  /// @unchecked Sendable: as the team.
  private final class Shared: @unchecked Sendable {
    /// Counts jobs; a worker starts when it changes.
    let generation = Atomic<Int>(0)
    /// Next part to take, and parts not finished yet.
    let nextPart = Atomic<Int>(0)
    let busyWorkers = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    /// The job: valid between the release of `generation` and the end of `run`.
    var body: UnsafeRawPointer?
    var parts = 0
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
    withoutActuallyEscaping(body) { job in
      withUnsafePointer(to: job) { pointer in
        shared.body = UnsafeRawPointer(pointer)
        shared.parts = parts
        shared.nextPart.store(0, ordering: .relaxed)
        shared.busyWorkers.store(threads.count, ordering: .relaxed)
        shared.generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if shared.sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
        Self.takeParts(shared, job)
        var spins = 0
        while shared.busyWorkers.load(ordering: .acquiring) > 0 {
          spins += 1
          if spins > 2000 { sched_yield() } else { Self.pause() }
        }
      }
    }
  }

  private func wakeAll() {
    pthread_mutex_lock(shared.mutex)
    pthread_cond_broadcast(shared.condition)
    pthread_mutex_unlock(shared.mutex)
  }

  private static func takeParts(_ shared: Shared, _ body: (Int) -> Void) {
    while true {
      let part = shared.nextPart.wrappingAdd(1, ordering: .relaxed).oldValue
      guard part < shared.parts else { return }
      body(part)
    }
  }

  @inline(__always)
  private static func pause() { cposix_pause() }

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
    var seen = 0
    while waitForJob(shared, after: seen) {
      seen = shared.generation.load(ordering: .acquiring)
      if let body = shared.body {
        takeParts(shared, body.assumingMemoryBound(to: ((Int) -> Void).self).pointee)
      }
      shared.busyWorkers.wrappingSubtract(1, ordering: .releasing)
    }
  }

  /// Returns true when a new job is there, false when the team ends.
  private static func waitForJob(_ shared: Shared, after seen: Int) -> Bool {
    for _ in 0..<20_000 {
      if shared.generation.load(ordering: .acquiring) != seen { return true }
      if shared.isStopping.load(ordering: .acquiring) { return false }
      pause()
    }
    pthread_mutex_lock(shared.mutex)
    shared.sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while shared.generation.load(ordering: .sequentiallyConsistent) == seen
      && !shared.isStopping.load(ordering: .acquiring)
    {
      pthread_cond_wait(shared.condition, shared.mutex)
    }
    shared.sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(shared.mutex)
    return !shared.isStopping.load(ordering: .acquiring)
  }
}
