import Synchronization

/// A number that only grows, written by one thread and read by any.
public final class Counter: Sendable {
  private let storage = Atomic<UInt64>(0)

  public init() {}

  public func add(_ amount: UInt64 = 1) {
    storage.wrappingAdd(amount, ordering: .relaxed)
  }

  public var value: UInt64 { storage.load(ordering: .relaxed) }
}
