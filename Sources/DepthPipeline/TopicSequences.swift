import WireFormat

/// What is counted from the daemon's start and goes on from one pipeline to the next: the sequence number of each frame
/// topic's next message, and the messages that could not be made.
public struct TopicSequences: Equatable, Sendable {
  private var counts: [TopicKind: UInt64]
  /// Pictures for people that the JPEG library refused to make.
  package internal(set) var failedPictures: UInt64 = 0

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
