import WireFormat

/// The sequence number of each frame topic's next message.
public struct TopicSequences: Equatable, Sendable {
  private var counts: [TopicKind: UInt64]

  public init() {
    // All keys at once: counting allocates nothing.
    counts = Dictionary(uniqueKeysWithValues: TopicKind.allCases.map { ($0, 0) })
  }

  /// The number of the message that is sent now.
  mutating func next(_ kind: TopicKind) -> UInt64 {
    let number = counts[kind, default: 0]
    counts[kind] = number + 1
    return number
  }
}
