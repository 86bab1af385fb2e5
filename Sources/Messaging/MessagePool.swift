import Synchronization

/// Message memory that comes back when ZeroMQ has sent it, so that steady publishing allocates nothing.
final class MessagePool: Sendable {
  private let storage = PoolStorage()

  deinit {
    storage.close()
  }

  /// Memory of at least `byteCount` bytes with one reference, yours.
  ///
  /// Call `release()` when done.
  func lease(byteCount: Int) -> PooledMessage {
    storage.lease(byteCount: byteCount)
  }
}

/// One block of message memory and the count of those who still need it.
final class PooledMessage: @unchecked Sendable {
  // Written by the leasing thread before any send; only read afterwards.
  let memory: UnsafeMutableRawBufferPointer
  fileprivate let sizeClass: Int
  private let references = Atomic<Int>(1)
  private let storage: PoolStorage

  fileprivate init(sizeClass: Int, storage: PoolStorage) {
    self.sizeClass = sizeClass
    self.storage = storage
    memory = .allocate(byteCount: 1 << sizeClass, alignment: 64)
  }

  deinit {
    memory.deallocate()
  }

  func retain() {
    references.wrappingAdd(1, ordering: .relaxed)
  }

  /// Gives up one reference; the last returns the memory.
  ///
  /// Called by ZeroMQ's threads too.
  func release() {
    guard references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
    references.store(1, ordering: .relaxed)
    storage.giveBack(self)
  }
}

/// Free messages by size: powers of two, so that one frame's topics do not fight over blocks.
private final class PoolStorage: Sendable {
  private static let smallestClass = 12
  private static let largestClass = 34
  /// Blocks kept per size; what slow subscribers hold beyond that is freed when they let go.
  private static let mostFree = 16

  private struct State {
    var free: [[PooledMessage]]
    var isClosed = false
  }

  private let state: Mutex<State>

  init() {
    var free: [[PooledMessage]] = []
    for _ in 0...(Self.largestClass - Self.smallestClass) {
      var list: [PooledMessage] = []
      list.reserveCapacity(Self.mostFree)
      free.append(list)
    }
    state = Mutex(State(free: free))
  }

  func lease(byteCount: Int) -> PooledMessage {
    let bits = Int.bitWidth - max(1, byteCount - 1).leadingZeroBitCount
    let sizeClass = max(Self.smallestClass, bits)
    precondition(sizeClass <= Self.largestClass, "a message of \(byteCount) bytes cannot be sent")
    let reused = state.withLock { $0.free[sizeClass - Self.smallestClass].popLast() }
    return reused ?? PooledMessage(sizeClass: sizeClass, storage: self)
  }

  func giveBack(_ message: PooledMessage) {
    state.withLock { state in
      let slot = message.sizeClass - Self.smallestClass
      guard !state.isClosed, state.free[slot].count < Self.mostFree else { return }
      state.free[slot].append(message)
    }
  }

  /// Frees what is free and keeps nothing that comes back later.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.free = []
    }
  }
}
