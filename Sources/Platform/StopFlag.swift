import Synchronization

/// A one-way switch that tells threads to end.
public final class StopFlag: Sendable {
  private let storage = Atomic<Bool>(false)

  public init() {}

  public func raise() { storage.store(true, ordering: .releasing) }

  public var isRaised: Bool { storage.load(ordering: .acquiring) }
}
